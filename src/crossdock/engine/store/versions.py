"""Is the store there, and are its tables this program's? Asked before a command reads it."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from crossdock.engine.store.database import Database, StoreAway

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class StoreState:
    """`found` is empty where no tables are; `trouble` says why the store does not answer."""

    found: str
    newest: str
    trouble: str = ""

    @property
    def ready(self) -> bool:
        """The tables are those of this program."""
        return not self.trouble and self.found == self.newest


def newest() -> str:
    """The version this program's tables have."""
    return max(file.stem.partition("_")[0] for file in _VERSIONS.glob("[0-9]*.py"))


def state(db: Database) -> StoreState:
    """Never raises: what is wrong with the store is in the answer, without its password."""
    try:
        with db.reading() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return StoreState("", newest())
            found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    except StoreAway as error:
        return StoreState("", newest(), error.message.partition(": ")[2])
    except sa.exc.SQLAlchemyError as error:
        return StoreState("", newest(), _words(error))
    return StoreState(str(found or ""), newest())


def _words(error: sa.exc.SQLAlchemyError) -> str:
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    return reason[0] if reason else type(error).__name__
