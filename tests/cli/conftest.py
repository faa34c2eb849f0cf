"""A workspace in whose store a day's work has happened, and the command line to look at it."""

import functools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from typer.testing import CliRunner, Result

from crossdock.cli.app import app
from crossdock.engine.model import Event, LinkChange, Outcome, Trouble
from crossdock.engine.model import Result as Ended
from crossdock.engine.store import Database, inbox, open_database, outcomes, workers
from crossdock.kernel.evidence import Call
from crossdock.kernel.ids import new_id
from crossdock.settings import read_settings
from crossdock.wiring.privacy import vault_of
from tests.stores import a_store

# Typer makes the tree of all commands anew for each call; once is enough.
typer.testing._get_command = functools.cache(typer.testing._get_command)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LINKED, PARKED, SHIPMENT = "111-1111111-1111111", "222-2222222-2222222", "SH-9"

SETTINGS = """\
amazon:
  seller_id: A1SELLERTEST
  marketplaces: [ATVPDKIKX0DER]
  client_id: amzn1.application-oa2-client.rehearsal
  client_secret: ${AMAZON_CLIENT_SECRET}
  refresh_token: ${AMAZON_REFRESH_TOKEN}
tims:
  url: http://127.0.0.1:9
  company: ACME/test
  api_key: ${TIMS_API_KEY}
"""
SECRETS = "AMAZON_CLIENT_SECRET=hidden-1\nAMAZON_REFRESH_TOKEN=hidden-2\nTIMS_API_KEY=hidden-3\n"

Run = Callable[..., Result]


@dataclass
class Workplace:
    """A workspace folder and its store."""

    folder: Path
    db: Database

    def happened(
        self, flow: str, key: str, ended: Ended, words: str, *, at: datetime = NOON, **more: Any
    ) -> str:
        """An event came in for a key, one run looked at it, and this is how it ended."""
        with self.db.writing() as connection:
            inbox.append(
                self.db, connection, [Event(flow, key, "amazon.sqs", "m-1")],
                at - timedelta(seconds=2),
            )  # fmt: skip
        run_id = new_id("run")
        claim = inbox.claim(
            self.db, flow, 1, limit=1, run_id=run_id, worker="main", now=at, wall=at,
            lease_until=at + timedelta(hours=1),
        )  # fmt: skip
        assert claim is not None
        [claimed] = claim.records
        outcome = Outcome(key, ended, more.pop("step", "create"), words, claimed, **more)
        assert outcomes.finish(self.db, run_id, flow, [outcome], now=at, wall=at)
        return run_id

    def beat(self, at: datetime) -> None:
        """A worker is alive."""
        workers.beat(self.db, "main", at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace that is configured, without a store."""
    (tmp_path / "crossdock.yaml").write_text(SETTINGS)
    secrets = tmp_path / "secrets.env"
    secrets.write_text(SECRETS)
    secrets.chmod(0o600)
    return tmp_path


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One order in TIMS and shipped, one that waits for a person."""
    folder = tmp_path_factory.mktemp("stores")
    db = a_store(folder, "filled.db")
    _fill(Workplace(folder, db))
    db.close()
    return folder / "filled.db"


@pytest.fixture
def place(folder: Path) -> Iterator[Workplace]:
    """A workspace where nothing has happened yet."""
    yield from _workplace(folder, a_store(folder, "crossdock.db"))


@pytest.fixture
def day(folder: Path, filled_store: Path) -> Iterator[Workplace]:
    """A workspace after a day's work."""
    file = shutil.copy(filled_store, folder / "crossdock.db")
    yield from _workplace(folder, open_database(f"sqlite:///{file}"))


def _workplace(folder: Path, db: Database) -> Iterator[Workplace]:
    settings = read_settings(folder, {}, tolerate=True)
    db.vault = vault_of(settings, db, settings.clock())
    yield Workplace(folder, db)
    db.close()


def call(system: str, operation: str, request_id: str, **more: Any) -> Call:
    """What was said to another company."""
    return Call(system, operation, NOON - timedelta(seconds=1), 42, 200, request_id, **more)


def _fill(place: Workplace) -> None:
    place.happened(
        "orders", LINKED, Ended.DONE, "done", step="remember",
        links=[LinkChange("order", LINKED, "SO-100042", "v1", "h1", "linked")],
        calls=[("fetch", call("amazon", "getOrder", "amz-req-1")),
               ("create", call("tims", "POST /sales_orders", "tims-req-1",
                               wrote={"ExternalRef": LINKED, "ShipToAddress": {"Name": "Jo"}}))],
    )  # fmt: skip
    place.happened(
        "fulfilment", SHIPMENT, Ended.DONE, "done", at=NOON + timedelta(minutes=5), step="told",
        links=[LinkChange("shipment", SHIPMENT, LINKED, state="confirmed")],
        calls=[("confirm", call("amazon", "confirmShipment", "amz-req-2"))],
    )  # fmt: skip
    trouble = Trouble(
        "unknown-sku", "no item for SKU 'WLD-NEW'", "Add a row to lookups/skus.csv.",
        f"Amazon order {PARKED}", "amz-req-3", "", {"sku": "WLD-NEW", "buyerName": "Jo Private"},
    )  # fmt: skip
    place.happened(
        "orders", PARKED, Ended.CASE, "no item for SKU 'WLD-NEW'", step="check", trouble=trouble
    )


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`crossdock ...` in the workspace."""
    monkeypatch.delenv("CROSSDOCK_WORKSPACE", raising=False)

    def command(*words: str, at: Path | None = folder) -> Result:
        where = ["--workspace", str(at)] if at is not None else []
        return CliRunner().invoke(app, [*words, *where], prog_name="crossdock")

    return command


def data(result: Result) -> Any:
    """What --json printed; stdout holds nothing else."""
    return json.loads(result.stdout)


def case_id_of(run: Run) -> str:
    """The id of the only open case."""
    [case] = data(run("case", "list", "--json"))["cases"]
    return str(case["id"])
