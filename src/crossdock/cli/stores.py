"""crossdock store: the database that holds what we know."""

from crossdock.cli.options import Json, Workspace, group

app = group("The database that holds what we know.")


@app.command("migrate")
def migrate(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """Make the tables, or bring them to this program's version. Safe to repeat."""
    from crossdock.cli import output
    from crossdock.cli.session import settings_of, store_of
    from crossdock.kernel.errors import NeedsPerson

    settings = settings_of(workspace)
    with store_of(settings) as (db, state):
        if state.trouble:
            raise NeedsPerson(
                f"the store {settings.shown_store} does not answer: {state.trouble}",
                kind="store-away",
                remedy="Start it, or correct `store` in crossdock.yaml; then: crossdock doctor",
            )
        if not state.ready:
            db.migrate()
    if as_json:
        output.show_json({
            "store": settings.shown_store, "before": state.found, "version": state.newest,
        })  # fmt: skip
    elif state.ready:
        output.say(f"{settings.shown_store} is at version {state.newest} already.")
    else:
        output.say(f"{settings.shown_store} is at version {state.newest} now.", "green")
