"""crossdock init: a new workspace folder with everything explained."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.options import Json
from crossdock.kernel.errors import Misuse

_CAPABILITIES = ("orders", "customers", "fulfilment")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where; it may exist already.")
    ] = Path(),
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Write again the files that are there already.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a workspace: commented settings, a file for secrets, lookup tables to fill in."""
    from crossdock.cli import output

    files = _files()
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise Misuse(
            f"{folder.resolve()} holds {', '.join(there)} already; "
            "choose another folder, or --force to write them again"
        )
    if (folder / "secrets.env").exists():
        files.pop("secrets.env")  # never overwritten: it cannot be made again
    for name, content in files.items():
        _write(folder / name, content)
    if as_json:
        output.show_json({"workspace": folder.resolve().as_posix(), "files": list(files)})
        return
    output.say(f"Made a workspace in {folder.resolve()}", "green")
    for name in files:
        output.say(f"  {name}")
    at = "" if folder == Path() else f"cd {folder}, "
    output.say(f"Next: {at}fill in crossdock.yaml and secrets.env, then: crossdock doctor")


def _files() -> dict[str, str]:
    """Every file of a new workspace, by its path in it."""
    templates = resources.files("crossdock.cli") / "templates"
    files = {
        "crossdock.yaml": (templates / "crossdock.yaml").read_text("utf-8"),
        "accounts.yaml": (templates / "accounts.yaml").read_text("utf-8"),
        "stock.yaml": (templates / "stock.yaml").read_text("utf-8"),
        "prices.yaml": (templates / "prices.yaml").read_text("utf-8"),
        "catalogue.yaml": (templates / "catalogue.yaml").read_text("utf-8"),
        "secrets.env": (templates / "secrets.env").read_text("utf-8"),
        ".gitignore": (templates / "gitignore").read_text("utf-8"),
        "flows/README.md": (templates / "flows.md").read_text("utf-8"),
        "mappings/README.md": (templates / "mappings.md").read_text("utf-8"),
    }
    for capability in _CAPABILITIES:
        tables = resources.files("crossdock.business") / capability / "lookups"
        for table in sorted(tables.iterdir(), key=lambda t: t.name):
            if table.name.endswith(".csv"):
                files[f"lookups/{table.name}"] = table.read_text("utf-8")
    return files


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name == "secrets.env":
        from crossdock.settings.secrets import write_private

        write_private(path, content)
    else:
        path.write_text(content, encoding="utf-8")
