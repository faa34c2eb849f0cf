"""What a mapping costs beside the same work written by hand in Python."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossdock.business.orders import model as ours
from crossdock.connectors.amazon.models import GetOrderResponse
from crossdock.connectors.tims import models as tims
from crossdock.simulators.clock import HandClock
from crossdock.simulators.world.scenario import from_dict
from crossdock.simulators.world.world import World
from crossdock.wiring.language import PURE, read_language
from crossdock.wiring.operations import without_connections

_ORDERS, _ROUNDS = 200, 5
_CHARGES = {"freight": "freight", "gift_wrap": "gift_wrap", "cod_fee": "cod_fee"}


def mappings(folder: Path) -> dict[str, float]:
    """Microseconds of CPU per order, the least of some rounds over the same orders."""
    world = World(7, HandClock(datetime(2026, 11, 23, 10, tzinfo=UTC)), limits=False,
                  people_come=False)  # fmt: skip
    world.start_people(from_dict({"name": "calm", "orders": _ORDERS, "span": 0}))
    world.step()
    (folder / "lookups").mkdir(parents=True, exist_ok=True)
    for name, text in world.lookup_files().items():
        (folder / "lookups" / name).write_text(text, encoding="utf-8")
    language = read_language(folder, without_connections())
    from_amazon, terms = language.mappings["orders.from_amazon"], language.mappings["orders.terms"]
    to_tims = language.mappings["orders.to_tims"]
    documents = _documents(world)
    read = [GetOrderResponse.model_validate_json(text).order for text in documents]
    drafts = [PURE["orders.check"].run(from_amazon.apply(o), terms.apply(o)) for o in read]
    assert all(by_hand(d) == to_tims.apply(d) for d in drafts), "the peer does something else"
    works: dict[str, tuple[Callable[[Any], object], list[Any]]] = {
        "json.loads of the order": (json.loads, documents),
        "its pydantic model": (GetOrderResponse.model_validate_json, documents),
        "orders.from_amazon": (from_amazon.apply, read),
        "orders.to_tims": (to_tims.apply, drafts),
        "orders.to_tims by hand": (by_hand, drafts),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(_ROUNDS):
        for name, (work, values) in works.items():
            began = time.process_time()
            for value in values:
                work(value)
            found[name].append((time.process_time() - began) / len(values) * 1e6)
    return {name: min(values) for name, values in found.items()}


def by_hand(draft: ours.Draft) -> tims.NewSalesOrder:
    """orders.to_tims as a person would write it in Python."""
    to = draft.ship_to
    return tims.NewSalesOrder(
        IdempotencyKey=draft.idempotency_key,
        ExternalSystem=draft.external_system,
        ExternalRef=draft.order_id,
        OrderType="standard",
        SalesChannel="AMAZON",
        CustomerCode=draft.customer_code,
        LocationId=draft.location,
        OrderDate=draft.order_date,
        MustShipBy=draft.must_ship_by,
        CustomerPoNumber=draft.po_number,
        CurrencyCode=draft.currency,
        TaxCollectedBy=draft.tax_collected_by,
        ChargesFixedByCaller=True,
        DiscountCode=draft.discount_code,
        Notes=draft.notes,
        ShipToAddress=tims.Address(
            Name=to.name, CompanyName=to.company, Line1=to.line1, Line2=to.line2, Line3=to.line3,
            City=to.city, State=to.state if to.state is not None else to.district,
            PostalCode=to.postal_code, Country=to.country, Phone=to.phone,
        ),
        Lines=tuple(
            tims.NewSalesOrderLine(
                ExternalLineRef=line.ref, ItemNumber=line.item_number, Uom=line.uom,
                QtyOrdered=line.quantity, UnitPrice=line.unit_price, Discount=line.discount,
                Tax=line.tax, OverrideBackorderQuantity=False,
                Charges=tuple(
                    tims.Charge(Type=_CHARGES[charge.kind], Amount=charge.amount)
                    for charge in line.charges
                ),
            )
            for line in draft.lines
        ),
    )  # fmt: skip


def _documents(world: World) -> list[bytes]:
    from crossdock.simulators.wire import Request

    amazon = world.amazon
    form = (
        f"grant_type=refresh_token&client_id={amazon.client_id}"
        f"&client_secret={amazon.client_secret}&refresh_token={amazon.refresh_token}"
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}
    reply = amazon.lwa.handle(Request("POST", "/auth/o2/token", {}, headers, form.encode()))
    token = json.loads(reply.body)["access_token"]
    included = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX"
    return [
        amazon.api.handle(
            Request("GET", f"/orders/2026-01-01/orders/{order_id}", {"includedData": included},
                    {"x-amz-access-token": token})
        ).body
        for order_id in amazon.orders
    ]  # fmt: skip
