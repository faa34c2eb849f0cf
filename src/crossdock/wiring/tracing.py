"""From a ledger line to the file's lines that make it, and back. Nothing is stored for it: the same
rules place the same lines again.
"""

from crossdock.business.settlements.accounts import Target
from crossdock.business.settlements.journal import Batch, JournalLine, Placed
from crossdock.business.settlements.model import Line
from crossdock.kernel.errors import Misuse
from crossdock.wiring.settling import Settlements


def lines_behind(settlements: Settlements, entry: str) -> tuple[list[tuple[Line, Placed]], Target]:
    """The file's lines behind SETTLEMENT/PART:N. The bank line and what is carried forward stand
    for no lines of their own.
    """
    name, _, number = entry.rpartition(":")
    settlement, _, part = name.partition("/")
    batch = next((b for b in settlements.examine(settlement).batches if b.part == part), None)
    if batch is None or not number.isdigit() or not 1 <= int(number) <= len(batch.lines):
        raise Misuse(f"{entry!r} is no ledger line; see: crossdock settlement preview {settlement}")
    wanted = batch.lines[int(number) - 1]
    found = [
        (line, placed)
        for line, placed in settlements.lines(settlement)
        if _makes(placed, wanted, batch)
    ]
    return found, wanted.target


def ledger_line_of(
    settlements: Settlements, settlement: str, number: int
) -> tuple[Line, Placed, str]:
    """A line of the file, and the ledger line it is part of, SETTLEMENT/PART:N; empty when it has
    none because something blocks the settlement, or because it is part of a sum of zero.
    """
    at = next(((x, p) for x, p in settlements.lines(settlement) if x.number == number), None)
    if at is None:
        raise Misuse(f"line {number} of settlement {settlement} carries no amount")
    line, placed = at
    for batch in settlements.examine(settlement).batches:
        for n, wanted in enumerate(batch.lines, 1):
            if _makes(placed, wanted, batch):
                return line, placed, f"{settlement}/{batch.part}:{n}"
    return line, placed, ""


def _makes(placed: Placed, wanted: JournalLine, batch: Batch) -> bool:
    return (
        placed.target == wanted.target
        and placed.category == wanted.memo
        and placed.key.month == batch.month
        and placed.order_id == wanted.order_id
    )
