"""Options that every command has."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys, for programs.")]
Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="The workspace folder; else CROSSDOCK_WORKSPACE, or the nearest with crossdock.yaml.",
    ),
]
Shop = Annotated[
    str, typer.Option("--marketplace", "-m", metavar="ID", help="One marketplace only.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")]

NEEDS_PERSON = 1
MISUSE = 2


def group(help_text: str) -> typer.Typer:
    """A noun."""
    return typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None)
