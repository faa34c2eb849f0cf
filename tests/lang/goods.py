"""Two small worlds for the language: a shop's orders in pydantic, ours in dataclasses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from crossdock.kernel.errors import NeedsPerson, Problem
from crossdock.kernel.money import Money
from crossdock.lang.check import check_mapping
from crossdock.lang.compile import Mapping as RowMapping
from crossdock.lang.compile import compile_mapping
from crossdock.lang.functions import FUNCTIONS, Function
from crossdock.lang.lookups import LookupTable
from crossdock.lang.mapping import load_mapping


class Amount(BaseModel):
    amount: Decimal
    currencyCode: str


class Product(BaseModel):
    sellerSku: str | None = None


class Item(BaseModel):
    orderItemId: str
    product: Product
    quantityOrdered: int
    price: Amount | None = None
    tags: list[str] | None = None


class Address(BaseModel):
    name: str | None = None
    city: str
    companyName: str | None = None


class Buyer(BaseModel):
    name: str | None = None
    first: str | None = None
    last: str | None = None
    address: Address | None = None


class ShopOrder(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    orderId: str
    createdTime: AwareDatetime
    orderItems: list[Item]
    buyer: Buyer | None = None
    programs: list[str] | None = None
    carrierCode: str | None = None
    grandTotal: Amount | None = None
    notes: dict[str, str] = Field(default_factory=dict)


class Status(StrEnum):
    NEW = "new"
    SHIPPED = "shipped"


class Size(Enum):
    SMALL = 1
    LARGE = 2


@dataclass(frozen=True, slots=True)
class ShipTo:
    city: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    quantity: Decimal
    order_id: str = ""
    number: int = 0
    price: Money | None = None

    def __post_init__(self) -> None:
        if self.quantity > 1000:
            raise ValueError(f"{self.quantity} is too many")
        if self.sku == "BOMB":
            raise NeedsPerson("not for sale", kind="item-inactive", remedy="Ask legal.")


@dataclass(frozen=True, slots=True)
class Order:
    order_id: str
    lines: tuple[Line, ...]
    placed: datetime | None = None
    status: Status = Status.NEW
    company: str | None = None
    carrier: str | None = None
    total: Money | None = None
    rate: Decimal = Decimal(1)
    day: date | None = None
    mode: Literal["fast", "slow"] = "slow"
    programs: tuple[str, ...] = ()
    ship_to: ShipTo | None = None
    size: Size | None = None
    urgent: bool = False
    secret: str = field(default="", init=False)

    @property
    def reference(self) -> str:
        return f"REF-{self.order_id}"

    @property
    def broken(self) -> str:
        raise AttributeError("no such thing")

    @property
    def unsaid(self):  # type: ignore[no-untyped-def]
        return 1


class Strict(BaseModel):
    """A target that checks for itself."""

    code: str = Field(max_length=3, validation_alias="Code")
    units: int = Field(gt=0)


def forbidden_goods(sku: str) -> str:
    """Refuses what may not be sold."""
    if sku == "BOMB":
        raise NeedsPerson("goods that may not be sold", kind="item-inactive", remedy="Ask legal.")
    return sku


def yes_no(text: str) -> bool:
    """yes or no"""
    if text not in ("yes", "no"):
        raise ValueError("is neither yes nor no" if text != "chatty" else "chatty is not it")
    return text == "yes"


def nothing_for(text: str) -> str | None:
    return None if text == "none" else text


def first_text(values: Sequence[Any]) -> str:
    return str(values[0])


HOUSE: dict[str, Function | Callable[..., Any]] = {
    **FUNCTIONS, "forbidden_goods": forbidden_goods, "yes_no": yes_no,
    "nothing_for": nothing_for, "first_text": first_text,
}  # fmt: skip
TYPES: dict[str, Any] = {
    "shop.Order": ShopOrder, "shop.Item": Item, "ours.Order": Order, "ours.Line": Line,
    "ours.Strict": Strict, "ours.ShipTo": ShipTo,
}  # fmt: skip
CARRIERS = "amazon,tims,express\nUPS,UP01,yes\nFEDEX,FX,no\nDHL,,perhaps\n"


def tables() -> Mapping[str, LookupTable]:
    return {
        "carriers": LookupTable.read(
            "carriers", CARRIERS, "lookups/carriers.csv", "carrier-unknown"
        )
    }


def a_mapping(*rows: str, source: str = "shop.Order", target: str = "ours.Order") -> str:
    """A mapping's text; rows in flow style, one each."""
    body = "\n".join(f"  - {row}" for row in rows)
    return f"mapping: test\nversion: 2\nsource: {source}\ntarget: {target}\nrows:\n{body}\n"


NEEDED = (
    "{to: order_id, from: orderId}",
    "{to: lines, each: orderItems, rows: [{to: sku, from: product.sellerSku}, "
    "{to: quantity, from: quantityOrdered}]}",
)


def with_needed(*rows: str) -> str:
    """A mapping to Order that is complete, with more rows after line 7."""
    return a_mapping(*NEEDED, *rows)


def problems_of(text: str) -> list[Problem]:
    return check_mapping(load_mapping(text, "test.yaml"), TYPES, HOUSE, tables())


def complaints(*rows: str) -> list[str]:
    """What the checker says about rows added to a complete mapping."""
    return [str(problem) for problem in problems_of(with_needed(*rows))]


def compiled(text: str) -> RowMapping:
    return compile_mapping(load_mapping(text, "test.yaml"), TYPES, HOUSE, tables())


def mapped(*rows: str, **changes: Any) -> Order:
    """An order as those rows make it."""
    made: Order = compiled(with_needed(*rows)).apply(a_shop_order(**changes))
    return made


def an_item(number: int = 1, **changes: Any) -> Item:
    values = {
        "orderItemId": str(number), "product": {"sellerSku": f"SKU-{number}"}, "quantityOrdered": 2,
        "price": {"amount": "19.99", "currencyCode": "USD"}, **changes,
    }  # fmt: skip
    return Item.model_validate(values)


def a_shop_order(**changes: Any) -> ShopOrder:
    values: dict[str, Any] = {
        "orderId": "111-1", "createdTime": datetime(2026, 11, 23, 10, tzinfo=UTC),
        "orderItems": [an_item(1), an_item(2)],
    }  # fmt: skip
    made = ShopOrder.model_validate(values)
    return made.model_copy(update=changes)
