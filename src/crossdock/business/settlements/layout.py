"""Which column is where, by the header's names; and what a file is that has no such header."""

from dataclasses import dataclass

NEEDED = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date",
    "total-amount", "currency", "transaction-type", "amount-type", "amount-description", "amount",
)  # fmt: skip
LONGEST_LINE = 1 << 20

UNTOUCHED = "Use the untouched file from Amazon, never opened or saved by a spreadsheet"


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of the columns; -1 where the file has none of that name."""

    names: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.names)

    def at(self, name: str) -> int:
        """The column's position."""
        return self.names.index(name) if name in self.names else -1


def layout_of(header: bytes) -> Layout | str:
    """The columns, or what is wrong with the header."""
    text = header.decode("utf-8", "replace").strip("\r\n\ufeff")
    if "\t" not in text or header.startswith((b"PK\x03", b"\x1f\x8b")):
        return _something_else(header)
    names = tuple(cell.strip().casefold() for cell in text.split("\t"))
    if "amount-type" not in names and "price-type" in names:
        return "this is the older flat file V1, which Amazon no longer makes"
    lacking = [name for name in NEEDED if name not in names]
    if lacking:
        return f"the header lacks {', '.join(lacking)}"
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        return f"the header has {', '.join(doubled)} twice"
    return Layout(names)


def _something_else(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if not start:
        return "the file is empty"
    if head.startswith(b"PK"):
        return "this is a zip or a spreadsheet (xlsx)"
    if head.startswith(b"\x1f\x8b"):
        return "this is a gzip file; unpack it first"
    if start.startswith((b"<!doctype html", b"<html")):
        return "this is a web page, most likely an error page"
    if start.startswith(b"<"):
        return "this is XML; Amazon stopped making those reports"
    if b"settlement-id" in start:
        return "the columns are not separated by tabs: it went through a spreadsheet"
    if b'"date/time"' in head.lower() or b"date/time," in head.lower():
        return "this is a date range report (CSV), not a settlement report"
    return "this is no settlement report: its first line is no header"
