"""Settlements by themselves: found at Amazon, archived, proven and posted, each as a run."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from crossdock.business.settlements.model import Settled
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.reports import download, report, settlement_reports, write_to
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.ledger import Ledger
from crossdock.engine.feeds import Change, Feed, Reading
from crossdock.engine.store import Database
from crossdock.kernel.errors import ConfigError, Misuse, NeedsPerson, TryAgain
from crossdock.kernel.operation import Operation, Repeat
from crossdock.wiring.accountmap import FILE, read_accounts, read_vocabulary
from crossdock.wiring.posting import Poster, must_be_postable
from crossdock.wiring.settling import Settlements, shown

AMAZON_SETTLEMENTS = "amazon.settlements"
FLOW, LINK = "settlements", "settlement"
EVERY, REACH = timedelta(hours=6), timedelta(days=89)
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


def settle_operation(
    workspace: Path,
    amazon: AmazonClient,
    tims: TimsClient,
    store: Callable[[], Database],
    now: Callable[[], datetime],
) -> Operation:
    """What the flow does with a report."""

    def settle(report_id: str) -> Settled:
        settlements = Settlements(store(), workspace, now)
        try:
            number = _taken(settlements, amazon, report_id)
            poster = Poster(settlements, Ledger(tims), amazon.account.seller_id, "crossdock")
            found = settlements.examine(number)
            must_be_postable(found, settlements)
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
