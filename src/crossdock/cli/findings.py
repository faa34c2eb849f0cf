"""Findings: what was looked at, whether it is in order, and what to do when it is not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    words: str
    fix: str = ""


def finding(what: str, *, ok: bool, words: str, fix: str = "") -> Finding:
    """A finding by name."""
    return Finding(what, ok, words, fix)


def findings_of(found: Iterable[Any]) -> list[Finding]:
    """Those of a connector, which has its own words for the same four things."""
    return [
        Finding(
            getattr(f, "what", "") or getattr(f, "name", ""), f.ok,
            getattr(f, "words", "") or getattr(f, "found", ""), f.fix,
        )
        for f in found
    ]  # fmt: skip


def print_findings(found: Sequence[Finding]) -> None:
    """A table, and below it what to do, in order."""
    from crossdock.cli import output

    output.table(
        ("", "looked at", "found"),
        [(("ok", "green") if f.ok else ("!!", "red"), f.what, f.words) for f in found],
    )
    wrong = [f for f in found if not f.ok]
    for f in wrong:
        output.say(f"{f.what}: {f.fix or f.words}", "yellow")
    if not wrong:
        output.say("Everything is in order.", "green")
