"""The older flat file V1, of which Amazon makes no more: an archive's files, in the form of today.

A line of V1 has up to nine amounts, each with a column for its kind; each becomes a line of its
own.
Nothing else is changed: what cannot be read is left for the reader to refuse with its number.
"""

from collections.abc import Iterable, Iterator
from typing import Final

KEPT: Final = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date",
    "total-amount", "currency", "transaction-type", "order-id", "merchant-order-id",
    "adjustment-id", "shipment-id", "marketplace-name",
)  # fmt: skip
AFTER: Final = (
    "fulfillment-id", "posted-date", "posted-date-time", "order-item-code",
    "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "promotion-id",
)  # fmt: skip
AMOUNTS: Final = (
    # amount column, kind column, amount-type of today; "" takes the kind's own column
    ("price-amount", "price-type", "ItemPrice"),
    ("item-related-fee-amount", "item-related-fee-type", "ItemFees"),
    ("promotion-amount", "promotion-type", "Promotion"),
    ("shipment-fee-amount", "shipment-fee-type", "(V1 shipment-fee)"),
    ("order-fee-amount", "order-fee-type", "(V1 order-fee)"),
    ("direct-payment-amount", "direct-payment-type", "(V1 direct-payment)"),
    ("other-fee-amount", "other-fee-reason-description", "(V1 other-fee)"),
    ("misc-fee-amount", "", "(V1 misc-fee)"),
    ("other-amount", "", "(V1 other-amount)"),
)
_OWN_WORDS: Final = {"ServiceFee": "(V1 item-related-fee)"}  # these never stood among ItemFees


def is_older(head: bytes) -> bool:
    """Whether a file begins with V1's header."""
    names = head.partition(b"\n")[0].lower().split(b"\t")
    return b"price-type" in names and b"amount-type" not in names


def converted(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The same amounts as lines of flat file V2. Line numbers are those of the new file."""
    names: list[str] = []
    yield "\t".join((*KEPT, "amount-type", "amount-description", "amount", *AFTER)).encode() + b"\n"
    for raw in lines:
        cells = raw.rstrip(b"\r\n").split(b"\t")
        if not names:
            names = [c.decode("utf-8", "replace").strip("\ufeff ").lower() for c in cells]
            continue
        row = dict(zip(names, cells, strict=False))
        yield from _lines(row, raw)


def _lines(row: dict[str, bytes], raw: bytes) -> Iterator[bytes]:
    kind = row.get("transaction-type", b"").strip().decode("utf-8", "replace")
    found = False
    for amount, named, today in AMOUNTS:
        value = row.get(amount, b"")
        if not value.strip():
            continue
        label = row.get(named, b"") if named else b""
        today = _OWN_WORDS.get(kind, today) if today == "ItemFees" else today
        found = True
        yield _line(row, today.encode(), label, value)
    if not found and row.get("total-amount", b"").strip():
        yield _line(row, b"", b"", b"")
    elif not found and raw.strip():
        yield raw.rstrip(b"\r\n") + b"\n"  # a line without any amount: the reader judges it


def _line(row: dict[str, bytes], family: bytes, label: bytes, amount: bytes) -> bytes:
    kept = [row.get(name, b"") for name in KEPT]
    after = [row.get(name, b"") for name in AFTER]
    return b"\t".join((*kept, family, label, amount, *after)) + b"\n"
