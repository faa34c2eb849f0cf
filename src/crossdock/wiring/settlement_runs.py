"""Settlements by themselves: found at Amazon, archived, proven and posted, each as a run."""

import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from crossdock.business.orders.functions import external_system
from crossdock.business.settlements.model import Cleared, Costed, Settled
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.reports import download, report, settlement_reports, write_to
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.receivables import Receivables
from crossdock.engine.feeds import Change, Feed, Reading
from crossdock.engine.store import Database, receivables
from crossdock.kernel.errors import ConfigError, Misuse, NeedsPerson, TryAgain
from crossdock.kernel.operation import Operation, Repeat
from crossdock.wiring.accountmap import FILE, read_accounts, read_vocabulary
from crossdock.wiring.clearing import Clearer
from crossdock.wiring.costing import Costing
from crossdock.wiring.crosschecking import cross_check, differing
from crossdock.wiring.posting import Poster, must_be_postable
from crossdock.wiring.settling import Settlements, shown

AMAZON_SETTLEMENTS = "amazon.settlements"
TIMS_RECEIVABLES = "tims.receivables"
FLOW, LINK, CLEARING = "settlements", "settlement", "receivables"
EVERY, REACH = timedelta(hours=6), timedelta(days=89)
PATIENCE = timedelta(days=180)  # what has no invoice by then is a person's: settlement match
_ONCE = "1"  # a report never changes: it is done, or it is not


def settlement_feed(amazon: AmazonClient, workspace: Path) -> Feed:
    """Looks for reports. Silent until an account map names its bank: nobody wants them before."""

    def read(mark: str | None) -> Reading:
        del mark  # 89 days are read every time: what is done is known by its link
        if not _wanted(workspace):
            return Reading([], None)
        found = settlement_reports(amazon, amazon.clock.now() - REACH)
        return Reading([Change(FLOW, one.reportId, _ONCE, LINK) for one in found], None)

    about = "Settlement reports that Amazon has made."
    return Feed(AMAZON_SETTLEMENTS, EVERY, read, about)


def _wanted(workspace: Path) -> bool:
    try:
        accounts, _ = read_accounts(workspace, read_vocabulary(workspace))
    except ConfigError:
        return (workspace / FILE).exists()  # it was meant; each report will say what is wrong
    return bool(accounts.bank.account)


def receivables_feed(store: Callable[[], Database], now: Callable[[], datetime]) -> Feed:
    """Looks for settlements of which something waits for an invoice or credit memo in TIMS."""

    def read(mark: str | None) -> Reading:
        del mark  # the store tells what waits
        since = (now() - PATIENCE).date().isoformat()
        waiting = sorted(receivables.waiting(store(), since))
        return Reading([Change(CLEARING, number) for number in waiting], None)

    about = "Settlements with orders that TIMS had no invoice for."
    return Feed(TIMS_RECEIVABLES, EVERY, read, about)


def poster_of(
    settlements: Settlements, tims: TimsClient, seller: str, marketplaces: Sequence[str], who: str
) -> Poster:
    """What posts a settlement and settles TIMS's invoices with it."""
    ledger = Ledger(tims)
    systems = [external_system(one) for one in marketplaces]
    clearer = Clearer(settlements, ledger, Receivables(tims), systems, seller, who)
    costing = Costing(settlements, ledger, seller, who)
    return Poster(settlements, ledger, seller, who, clearer, costing)


def settlement_operations(
    workspace: Path,
    amazon: AmazonClient,
    tims: TimsClient,
    store: Callable[[], Database],
    now: Callable[[], datetime],
) -> tuple[Operation, ...]:
    """What the flows do with a report, and with a settlement that stands in the ledger."""

    def poster() -> Poster:
        settlements = Settlements(store(), workspace, now)
        account = amazon.account
        return poster_of(settlements, tims, account.seller_id, account.marketplace_ids, "crossdock")

    def clear(number: str) -> Cleared:
        done, waiting = poster().clearer.clear(number)
        return Cleared(number, done, waiting)

    def cost(number: str) -> Costed:
        try:
            return Costed(number, len(poster().costing.post(number)))
        except ConfigError as error:
            raise NeedsPerson(
                str(error.problems[0]), kind="cost-missing", about=f"cost of settlement {number}",
                remedy="Correct costs.csv of the workspace, then retry.",
                evidence={"missing": [str(p) for p in error.problems[:100]]},
            ) from error  # fmt: skip

    return (
        _settle(amazon, poster),
        Operation(
            "settlements.cost",
            takes=(str,), gives=Costed, repeat=Repeat.IDEMPOTENCY_KEY, run=cost,
            about="Books what the goods cost that a posted settlement sold.",
        ),
        Operation(
            "settlements.clear",
            takes=(str,), gives=Cleared, repeat=Repeat.IDEMPOTENCY_KEY, run=clear,
            about="Settles TIMS's invoices with what a posted settlement paid.",
        ),
    )  # fmt: skip


def _settle(amazon: AmazonClient, made: Callable[[], Poster]) -> Operation:
    def settle(report_id: str) -> Settled:
        poster = made()
        settlements = poster.settlements
        try:
            number = _taken(settlements, amazon, report_id)
            found = settlements.examine(number)
            must_be_postable(found, settlements)
            _must_agree(settlements, amazon, number)
            posted = poster.post(number)
            poster.prove(number)
        except ConfigError as error:
            raise NeedsPerson(
                str(error.problems[0]),
                kind="settlement-accounts",
                remedy="Correct accounts.yaml: crossdock settlement accounts. Then retry.",
                about=f"settlement report {report_id}",
                evidence={"problems": [str(p) for p in error.problems]},
            ) from error
        except Misuse as error:
            raise NeedsPerson(
                str(error), kind="settlement-archive", about=f"settlement report {report_id}",
                remedy="Look at it with `crossdock settlement list`.",
            ) from error  # fmt: skip
        total = shown(found.summary.total, found.summary.currency)
        return Settled(number, f"{total} {found.summary.currency}", len(posted))

    return Operation(
        "settlements.settle",
        takes=(str,),
        gives=Settled,
        repeat=Repeat.IDEMPOTENCY_KEY,
        run=settle,
        about="Archives, proves and posts one of Amazon's settlement reports.",
    )


def _must_agree(settlements: Settlements, amazon: AmazonClient, number: str) -> None:
    """Ask Finances; what differs is kept for the statement, and stops where the map says so."""
    policy = settlements.accounts.cross_check
    if policy == "off":
        return
    apart = differing(cross_check(settlements, amazon, number))
    if apart and policy == "block":
        words = "; ".join(f"{o.source}: {o.ours} in the file, {o.theirs} there" for o in apart)
        raise NeedsPerson(
            f"Amazon's Finances say something else: {words}",
            kind="settlement-differs",
            remedy=f"Compare: crossdock settlement check {number}. Then ask Amazon, or set "
            "`cross_check: report` in accounts.yaml and retry.",
            about=f"settlement {number}",
            evidence={"differences": [line for o in apart for line in o.detail]},
        )


def _taken(settlements: Settlements, amazon: AmazonClient, report_id: str) -> str:
    """The settlement's number, from the archive where the file is known already."""
    known = settlements.from_source(f"report {report_id}")
    if known is not None:
        return known.settlement_id
    described = report(amazon, report_id)
    if described.reportDocumentId is None:
        raise TryAgain("Amazon has not finished the report", about=f"report {report_id}")
    downloaded = download(amazon, described.reportDocumentId)
    with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
        path = write_to(Path(folder), downloaded, report_id)
        file, _ = settlements.take(path, f"report {report_id}", downloaded.charset)
    return file.settlement_id
