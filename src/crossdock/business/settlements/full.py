"""Every line of a settlement report with all its fields, for looking and for lineage."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from crossdock.business.settlements.amounts import Amounts
from crossdock.business.settlements.lines import blocks
from crossdock.business.settlements.model import Fault, Line, Summary, Triple
from crossdock.business.settlements.reader import Scan, minor


def lines(source: BinaryIO, *, charset: str = "") -> Iterator[Line | Fault | Summary]:
    """Every line in full. Reads the file twice: the format of its times needs all of them."""
    scan = Scan(UTC, by_sku=False)
    start = source.tell()
    scan.run(source)
    reading = scan.reading(charset)
    if reading.summary is not None:
        yield reading.summary
    source.seek(start)
    yield from scan.faults
    if reading.summary is None or scan.layout is None or scan.dates.doubt:
        return
    again = _Full(scan, reading.summary, scan.codec(charset))
    number = 0
    for block in blocks(source):
        for raw in block.split(b"\n"):
            number += 1
            row = again.line(number, raw)
            if row is not None:
                yield row


class _Full:
    """Lines with all their fields, in the light of what the first pass learned."""

    def __init__(self, scan: Scan, summary: Summary, codec: str) -> None:
        assert scan.layout is not None  # noqa: S101 - for the type checker; lines() looked
        self.summary, self.codec, self.names = summary, codec, scan.layout.names
        self.dates = scan.dates
        self.bad = {fault.line for fault in scan.faults}
        self.amounts = Amounts()
        self.moments: dict[bytes, datetime] = {}

    def line(self, number: int, raw: bytes) -> Line | None:
        """The line, or None for what carries no amount or was refused."""
        cells = dict(zip(self.names, raw.split(b"\t"), strict=False))
        text = cells.get("amount", b"")
        if number in self.bad or not text.strip() or text.strip().lower() == b"amount":
            return None
        try:
            amount = self.amounts.hundredths(text)
            time = (
                cells.get("posted-date-time", b"").strip() or cells.get("posted-date", b"").strip()
            )
            posted = self.moments.get(time)
            if posted is None:
                posted = self.moments[time] = self.dates.moment(time)
        except ValueError:
            return None
        said = {name: cell.decode(self.codec).strip() for name, cell in cells.items()}
        quantity = said.get("quantity-purchased", "")
        return Line(
            number,
            Triple(said["transaction-type"], said["amount-type"], said["amount-description"]),
            minor(amount, self.summary.currency),
            posted,
            said.get("order-id", ""), said.get("merchant-order-id", ""),
            said.get("adjustment-id", ""), said.get("shipment-id", ""),
            said.get("marketplace-name", ""), said.get("fulfillment-id", ""),
            said.get("order-item-code", ""), said.get("sku", ""),
            int(quantity) if quantity.isdecimal() else None, said.get("promotion-id", ""),
        )  # fmt: skip
