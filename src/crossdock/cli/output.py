"""What commands print: tables and sentences on stdout, progress on stderr, or JSON."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

    from crossdock.kernel.errors import RunError

_WIDE = 200  # columns when nobody looks: a pipe or a file
Style = Literal["", "green", "red", "yellow", "bold", "dim", "cyan"]
Cell = str | tuple[str, Style]


def console(*, err: bool = False) -> "Console":
    """Colours only on a terminal; a pipe gets long lines instead of broken ones."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(stderr=err, width=width, highlight=False, markup=False, emoji=False)


def say(words: str, style: Style = "") -> None:
    """A sentence of the answer."""
    console().print(clean(words), style=style or None, soft_wrap=True)


def note(words: str) -> None:
    """Progress: for the person who waits, not part of the answer."""
    console(err=True).print(clean(words), style="dim", soft_wrap=True)


def complain(words: str) -> None:
    """What went wrong, in one sentence."""
    console(err=True).print(clean(words), style="red", soft_wrap=True)


def trouble(error: "RunError", about: str = "") -> None:
    """What keeps something from being done, and below it the remedy."""
    complain(f"{about}{error.message}")
    for line in getattr(error, "evidence", {}).get("problems", [])[1:]:
        complain(f"  {line}")
    if remedy := getattr(error, "remedy", ""):
        note(remedy)


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Columns under a head; nothing is cut off."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        cells = [cell if isinstance(cell, tuple) else (cell, "") for cell in row]
        shown.add_row(*(Text(clean(words), style=style) for words, style in cells))
    console().print(shown)


def show_json(value: object) -> None:
    """One JSON document."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def plain(value: object) -> Any:
    """Only what JSON knows: times as ISO 8601, amounts as text."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return plain(dump())
    if isinstance(value, Iterable):
        return [plain(v) for v in value]
    return str(value) if isinstance(value, Decimal) else repr(value)


def clean(words: str) -> str:
    """Words of other companies may hold control characters; a terminal must not obey them."""
    return "".join(c if c in "\n\t" or c.isprintable() else "?" for c in words)


def ago(then: datetime, now: datetime) -> str:
    """How long that is."""
    return span(max(now - then, timedelta(0)))


def span(length: timedelta) -> str:
    """35 s, 4 min, 3 h, 2 d."""
    seconds = length.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def moment(at: datetime) -> str:
    """2026-11-23 10:00:00, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
