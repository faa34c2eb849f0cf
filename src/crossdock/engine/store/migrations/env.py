"""Alembic's entry: runs inside the connection and transaction that `Database.migrate` opened."""

from alembic import context

from crossdock.engine.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
