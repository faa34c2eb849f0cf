"""After an eventful day nobody who bought stands anywhere in the workspace."""

from dataclasses import replace
from pathlib import Path

import pytest

from crossdock.engine.store.searching import text_places
from crossdock.simulators.world.scenario import preset
from tests.scenarios.rehearsal import Rehearsal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_no_name_street_or_company_of_a_buyer_is_stored(tmp_path: Path) -> None:
    day = replace(preset("everyday"), orders=40, span=400, business=0.5, unknown_sku=0.1)
    rehearsal = Rehearsal(tmp_path, 7, day)
    rehearsal.run()
    orders = rehearsal.world.amazon.orders.values()
    people = {order.buyer.name for order in orders}
    people |= {order.buyer.address.line1 for order in orders}
    people |= {order.business.company for order in orders if order.business}
    opened = [c for c in rehearsal.world.tims.customers if c.startswith("AMZB-")]
    assert opened, "no company got an account of its own"
    db = rehearsal.house.db
    found = {who: list(text_places(db, who)) for who in people if len(who) > 3}
    assert not {who: places for who, places in found.items() if places}
    content = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()).lower()
    assert [who for who in people if who.lower().encode() in content] == []
