"""Tables of an older program are brought to this one's, with the rows that are in them."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from crossdock.engine.store import Database, database, open_database, submissions
from crossdock.engine.store.submissions import OFF, WATCHED

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
OLD = """
INSERT INTO submission (sku, generation, content, state, attempts, submission_id, asin, product_type,
                        sent_at, seen_at, changed_at, why, withheld)
VALUES (:sku, 3, :content, :state, 0, 's-1', 'B1', 'TOOL', NULL, NULL, NULL, :why, :withheld)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
    return open_database(url)


def migrate(store: Database, revision: str) -> None:
    config = Config()
    folder = Path(str(database.__file__)).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.attributes["logging"] = False
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_receipts_of_listings_become_the_first_marketplaces_whichever_that_is(
    store: Database,
) -> None:
    migrate(store, "0010")
    with store.writing() as connection:
        for sku, state, withheld in (("GLOVE", WATCHED, False), ("GAS", OFF, True)):
            row = {"sku": sku, "content": "c", "state": state, "why": "w", "withheld": withheld}
            connection.execute(sa.text(OLD), row)
    store.migrate()
    told = submissions.every(store, CA)
    assert set(told) == {(CA, "GLOVE"), (CA, "GAS")}
    assert told == {**told, (CA, "GLOVE"): submissions.of(store, "GLOVE", CA, first=True)}
    assert submissions.of(store, "GLOVE", US, first=False) is None
    assert submissions.withheld(store) == {"GAS": "w"}
    glove = told[CA, "GLOVE"]
    assert (glove.generation, glove.asin, glove.submission_id) == (3, "B1", "s-1")
    assert glove.names == frozenset()  # nobody knows what was written: nothing is taken away
    submissions.keep(store, glove, first=True)  # from now on the row says which one that was
    assert set(submissions.every(store, US)) == {(CA, "GLOVE"), (US, "GAS")}
    store.close()
