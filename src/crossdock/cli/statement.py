"""The one-page statement of a settlement."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossdock.cli import output
from crossdock.engine.store.settlements import Posting
from crossdock.wiring.posting import unplaced_words
from crossdock.wiring.settling import shown

if TYPE_CHECKING:
    from crossdock.wiring.settling import Examined, Settlements

_BAR = 28


def as_data(
    found: "Examined", posted: Sequence[Posting], settlements: "Settlements"
) -> dict[str, Any]:
    """The statement for programs."""
    summary = found.summary
    return {
        "settlement": summary.settlement_id, "state": found.state, "currency": summary.currency,
        "start": summary.start, "end": summary.end, "deposit": summary.deposit,
        "total": shown(summary.total, summary.currency),
        "difference": shown(found.difference, summary.currency), "likely_missing": found.likely,
        "categories": {k: shown(v, summary.currency) for k, v in sorted(found.sums.items())},
        "identities": [
            {"name": i.name, "expected": i.expected, "found": i.found, "holds": i.holds}
            for i in found.identities
        ],
        "elsewhere": elsewhere(summary.settlement_id, settlements),
        "notices": found.notices, "unplaced": unplaced_words(found, settlements),
        "batches": [
            {"ref": p.ref, "state": p.state, "tims": p.batch_number, "reversed_by": p.reversed_by}
            for p in posted
        ],
    }  # fmt: skip


def draw(found: "Examined", posted: Sequence[Posting], settlements: "Settlements") -> None:
    """The statement for people."""
    summary, currency = found.summary, found.summary.currency
    good = found.state.value == "consistent" and not found.unplaced
    output.say(f"Settlement {summary.settlement_id}: {shown(summary.total, currency)} {currency}, "
               f"{found.state.value}", "bold")  # fmt: skip
    output.say(f"{output.moment(summary.start)} to {output.moment(summary.end)} UTC, paid "
               f"{summary.deposit:%Y-%m-%d}; {found.reading.count.accepted} lines")  # fmt: skip
    output.say("")
    _bars(found.sums, currency)
    output.say("")
    if found.difference:
        likely = f" Most likely it lacks: {found.likely}." if found.likely else ""
        output.say(f"{shown(found.difference, currency)} {currency} is missing.{likely}", "red")
    for words in unplaced_words(found, settlements):
        output.say(f"Blocks posting: {words}", "red")
    broken = [i for i in found.identities if not i.holds]
    for identity in broken:
        output.say(f"Does not hold: {identity.name}: expected {identity.expected}, "
                   f"found {identity.found}", "red")  # fmt: skip
    if good and not broken:
        output.say(f"All {len(found.identities)} identities hold.", "green")
    for notice in found.notices:
        output.say(notice, "yellow")
    for source, (words, fine) in elsewhere(summary.settlement_id, settlements).items():
        output.say(f"{source}: {words}", "green" if fine else "yellow")
    for posting in posted:
        back = f", taken back by {posting.reversed_by}" if posting.reversed_by else ""
        output.say(f"{posting.ref}: {posting.state} {posting.batch_number}{back}")
    if not posted and good:
        output.note(f"Next: crossdock settlement post {summary.settlement_id}")


def elsewhere(settlement: str, settlements: "Settlements") -> dict[str, tuple[str, bool]]:
    """What others say of it: Amazon's Finances and the bank; whether that is as it should be."""
    from crossdock.engine.store import deposits

    said: dict[str, tuple[str, bool]] = {}
    check = deposits.checks(settlements.db).get(settlement, {})
    for one in check.get("opinions", []):
        words, fine = one["verdict"], one["verdict"] != "differs"
        if not fine:
            words += f": {one['ours']} here, {one['theirs']} there"
        said[f"Finances, {one['source']}"] = (words, fine)
    entries = {e.id: e for e in deposits.entries(settlements.db)}
    for row in deposits.deposits(settlements.db):
        if row.settlement_id == settlement and row.entry_id in entries:
            day = entries[row.entry_id].day
            said[f"bank entry {row.entry_id}"] = (f"arrived {day} ({row.how})", True)
    return said


def _bars(sums: Mapping[str, int], currency: str) -> None:
    most = max((abs(v) for v in sums.values()), default=0) or 1
    output.table(
        ("category", currency, ""),
        [
            (name, shown(amount, currency).rjust(14),
             ("█" * max(round(abs(amount) * _BAR / most), 1), "green" if amount > 0 else "red"))
            for name, amount in sorted(sums.items(), key=lambda pair: -pair[1])
        ],
    )  # fmt: skip
