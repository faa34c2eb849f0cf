"""A timeline for people: what was heard, said, decided, and what waits."""

import json
from collections.abc import Iterable
from datetime import UTC

from crossdock.cli.output import Cell, Style, table
from crossdock.engine.store.history import Moment
from crossdock.kernel.redact import masked

_STYLES: dict[str, Style] = {"event": "cyan", "case": "yellow", "outcome": "bold"}


def draw(moments: Iterable[Moment]) -> None:
    """One line per moment; what was written to the other side stands below its call."""
    table(("time (UTC)", "flow", "", "what", "request or run"), _rows(moments))


def _rows(moments: Iterable[Moment]) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    day = ""
    for m in moments:
        at = m.at.astimezone(UTC)
        if f"{at:%Y-%m-%d}" != day:
            day = f"{at:%Y-%m-%d}"
            rows.append([(day, "dim"), "", "", "", ""])
        who = m.request_id or (m.run_id if m.kind == "outcome" else "")
        what: Cell = (_what(m), _style(m))
        rows.append([f"{at:%H:%M:%S.%f}"[:-3], m.flow, m.kind, what, (who, "dim")])
        if m.kind == "call" and m.detail:
            written = json.dumps(masked(m.detail), ensure_ascii=False, default=str)
            rows.append(["", "", "wrote", (written, "dim"), ""])
    return rows


def _what(m: Moment) -> str:
    case_id = m.detail.get("id", "") if m.kind == "case" and isinstance(m.detail, dict) else ""
    if m.kind == "event":
        return f"{m.what}: {m.words}"
    return " ".join(x for x in (m.what, f"({case_id})" if case_id else "", m.words) if x)


def _style(m: Moment) -> Style:
    if m.kind == "call":
        return "" if m.words[:1] == "2" else "yellow"
    if m.kind == "outcome" and m.what.startswith("case"):
        return "red"
    return _STYLES.get(m.kind, "")
