"""The many ways in which real settlement files are written, and those in which people damage them.

`habits` are harmless: the file says the same. `DAMAGES` are what a spreadsheet or a bad copy does:
the file must not be posted.
"""

import random
from collections.abc import Callable, Mapping

from crossdock.simulators.amazon.settlements import SimSettlement, file_of

_AMOUNT, _SKU, _LABEL, _PROMOTION = 14, 21, 13, 23

Rows = list[list[str]]


def written(settlement: SimSettlement, dice: random.Random) -> tuple[bytes, str]:
    """The report as one of Amazon's machines might write it, and the charset of the download."""
    rows = _rows(file_of(settlement))
    head, control, lines = rows[0], rows[1], rows[2:]
    dice.shuffle(lines)
    for habit in _HABITS:
        if dice.random() < 0.4:
            habit(lines, dice, head)
    if dice.random() < 0.3 and not any(row[_PROMOTION].strip() for row in lines if len(row) > 23):
        # Amazon sometimes leaves the last column out altogether.
        rows = [row[:_PROMOTION] for row in (head, control, *lines)]
        head, control, lines = rows[0], rows[1], rows[2:]
    end = dice.choice(("\n", "\r\n"))
    text = end.join("\t".join(row) for row in (head, control, *lines))
    text += dice.choice(("", end, end + end))
    charset = dice.choice(("utf-8", "utf-8-sig", "cp1252", "cp932"))
    try:
        return text.encode(charset), "" if charset.startswith("utf-8") else charset
    except UnicodeEncodeError:
        return text.encode(), ""


def _rows(content: bytes) -> Rows:
    return [line.split("\t") for line in content.decode().splitlines() if line]


def _repeated_header(lines: Rows, dice: random.Random, head: list[str]) -> None:
    lines.insert(dice.randint(0, len(lines)), list(head))


def _empty_lines(lines: Rows, dice: random.Random, head: list[str]) -> None:
    lines.insert(dice.randint(0, len(lines)), [""])
    lines.insert(dice.randint(0, len(lines)), [""] * len(head))


def _single_cell(lines: Rows, dice: random.Random, head: list[str]) -> None:
    del head
    lines.insert(dice.randint(0, len(lines)), ["28471"])


def _blanks_in_amounts(lines: Rows, dice: random.Random, head: list[str]) -> None:
    del head
    for row in lines:
        if len(row) > _AMOUNT and row[_AMOUNT] and dice.random() < 0.3:
            row[_AMOUNT] = f" {row[_AMOUNT]}  "


def _stray_quotes(lines: Rows, dice: random.Random, head: list[str]) -> None:
    del head
    for row in lines:
        if len(row) > _SKU and row[_SKU] and dice.random() < 0.3:
            row[_SKU] = f'5" {row[_SKU]}'


def _other_capitals(lines: Rows, dice: random.Random, head: list[str]) -> None:
    """Labels are renamed silently; at least their case and blanks may differ."""
    del head
    for row in lines:
        if len(row) > _LABEL and dice.random() < 0.2:
            row[_LABEL] = row[_LABEL].upper()


_HABITS: tuple[Callable[[Rows, random.Random, list[str]], None], ...] = (
    _repeated_header, _empty_lines, _single_cell, _blanks_in_amounts, _stray_quotes,
    _other_capitals,
)  # fmt: skip


def _on_a_line(content: bytes, change: Callable[[list[str]], None]) -> bytes:
    rows = _rows(content)
    change(next(row for row in rows[2:] if row[_AMOUNT].strip()))
    return "\n".join("\t".join(row) for row in rows).encode()


def _set(position: int, text: str) -> Callable[[bytes], bytes]:
    def damage(content: bytes) -> bytes:
        return _on_a_line(content, lambda row: row.__setitem__(position, text))

    return damage


DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    "a number in scientific notation": _set(0, "1.2114E18"),
    "an amount in brackets": _set(_AMOUNT, "(55.00)"),
    "an amount with thousands": _set(_AMOUNT, "1,234.56"),
    "an amount of three decimals": _set(_AMOUNT, "1.005"),
    "an amount with an exponent": _set(_AMOUNT, "1e2"),
    "two signs": _set(_AMOUNT, "--5.00"),
    "an item code in scientific notation": _set(18, "5.01585E+13"),
    "a date of another kind": _set(17, "06/07/2026 10:00"),
    "tabs turned into blanks": lambda content: content.replace(b"\t", b"   "),
    "a line of another settlement": _set(0, "99999999999"),
    "the last line cut off": lambda content: b"\n".join(content.splitlines()[:-1]),
    "a line doubled by hand": lambda content: content + content.splitlines()[-1] + b"\n",
    "the control record gone": lambda content: b"\n".join(
        [content.splitlines()[0], *content.splitlines()[2:]]
    ),
    "another control record": lambda content: content + content.splitlines()[1] + b"\n",
}
"""What happened to the file -> the damage."""
