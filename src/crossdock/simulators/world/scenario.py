"""What happens in a rehearsal, as data: how many orders, what people do, what goes wrong."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

Rows = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A span of world time, seconds from the start."""

    after: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shares are of all orders, 0 to 1; times are world seconds."""

    name: str = "everyday"
    orders: int = 500
    span: float = 1500.0  # over which the orders are placed

    # what is bought
    pending_first: float = 0.3  # the payment is authorised only minutes later
    pending_for: float = 240.0  # at most
    business: float = 0.12
    fba: float = 0.02  # fulfilled by Amazon: none of our business
    discounts: float = 0.2
    shipping: float = 0.4
    shipping_discounts: float = 0.1
    gift_wrap: float = 0.05
    untaxed: float = 0.1
    multi_line: float = 0.3
    packs: float = 0.35  # lines whose SKU is a pack of several units
    unknown_sku: float = 0.01
    inactive_item: float = 0.01
    abroad: float = 0.18  # in other marketplaces than the first

    favourites: int = 0  # so many single and so many packed SKUs are all that anybody wants; 0: all
    only_what_shows: bool = False  # nobody buys more than Amazon shows

    # what buyers think better of
    buyer_cancel_request: float = 0.04
    cancel_while_pending: float = 0.02
    cancel_before_tims: float = 0.02  # executed within seconds of the payment
    cancel_after_tims: float = 0.02  # executed minutes later
    change_address: float = 0.03
    change_quantity: float = 0.02

    # what buyers give back, once it was shipped
    refunds: float = 0.06  # a third of them in part
    claims: float = 0.01  # A-to-z; half of them are made good

    # what staff do
    tims_cancel: float = 0.02
    partial_shipment: float = 0.15
    multi_package: float = 0.15
    corrected_tracking: float = 0.05
    voided_before_confirm: float = 0.03  # posted and voided at once, then shipped anew
    voided_late: float = 0.0  # voided when Amazon may know it already
    unknown_carrier: float = 0.0
    staff_round: float = 30.0  # how often the warehouse looks at its list
    pick_after: float = 120.0  # at most, once an order is allocated
    ship_after: float = 180.0  # at most, once it is picked
    answer_after: float = 240.0  # a buyer's wish to cancel is answered, at most
    back_orders: float = 0.1  # share of items of which too little is on the shelf
    restock_after: float = 1200.0
    counter_sales: int = 0  # of scarce items, without Amazon; some are deliveries instead
    credit_hold: Window | None = None  # of the first marketplace's customer
    reactivate_after: float | None = None  # one inactive item is put on sale again

    # the companies
    shops_on_file: bool = (
        True  # TIMS has the marketplaces' customers; if not, they are to be opened
    )
    unlisted_skus: int = 3
    inactive_items: int = 2
    discount_sign: int = 1
    envelope: str = "sqs"
    notification_delay: float = 0.0
    amazon_rates: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    amazon_faults: Rows = ()
    tims_faults: Rows = ()

    def __post_init__(self) -> None:
        for one in fields(self):
            kind, value = type(one.default), getattr(self, one.name)
            fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
            if kind in (str, bool, int, float) and (
                not fits or (isinstance(value, bool) and kind is not bool)
            ):
                raise ValueError(f"{one.name} is {value!r}, which is no {_KINDS[kind]}")
        if self.orders < 0 or self.span < 0 or self.counter_sales < 0:
            raise ValueError("orders, span and counter_sales cannot be negative")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share, between 0 and 1")

    def as_dict(self) -> dict[str, Any]:
        """As `from_dict` reads it."""
        return asdict(self)


_KINDS = {str: "text", bool: "yes or no", int: "whole number", float: "number"}
_SHARES = (
    *("pending_first", "business", "fba", "discounts", "shipping", "shipping_discounts"),
    *("gift_wrap", "untaxed", "multi_line", "packs", "unknown_sku", "inactive_item", "abroad"),
    *("buyer_cancel_request", "cancel_while_pending", "cancel_before_tims", "cancel_after_tims"),
    *("change_address", "change_quantity", "tims_cancel", "partial_shipment", "multi_package"),
    *("corrected_tracking", "voided_before_confirm", "voided_late", "unknown_carrier"),
    *("back_orders", "refunds", "claims"),
)


def from_dict(data: Mapping[str, Any]) -> Scenario:
    """A scenario from data: a preset's `name`, and what differs from it. ValueError says why."""
    given = dict(data)
    base = preset(str(given.pop("name", "everyday")))
    valid = {f.name for f in fields(Scenario)}
    if unknown := sorted(given.keys() - valid):
        raise ValueError(
            f"a scenario has no {', '.join(unknown)}; valid: {', '.join(sorted(valid))}"
        )
    if given.get("credit_hold") is not None and not isinstance(given["credit_hold"], Window):
        given["credit_hold"] = Window(**given["credit_hold"])
    for name in ("amazon_faults", "tims_faults"):
        if name in given:
            given[name] = tuple(given[name])
    return replace(base, **given)


def preset(name: str) -> Scenario:
    """calm, everyday or stormy."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ValueError(f"no scenario is called {name!r}; valid: {', '.join(PRESETS)}") from None


CALM = Scenario(
    name="calm",
    pending_first=0.0,
    fba=0.0,
    unknown_sku=0.0,
    inactive_item=0.0,
    buyer_cancel_request=0.0,
    cancel_while_pending=0.0,
    cancel_before_tims=0.0,
    cancel_after_tims=0.0,
    change_address=0.0,
    change_quantity=0.0,
    tims_cancel=0.0,
    corrected_tracking=0.0,
    voided_before_confirm=0.0,
    back_orders=0.0,
    refunds=0.0,
    claims=0.0,
)
"""Orders come, are shipped, and nothing goes wrong."""

EVERYDAY = Scenario(
    amazon_faults=(
        {"fault": "notification_doubled", "chance": 0.02},
        {"fault": "notification_reordered", "chance": 0.05, "seconds": 20},
        {"fault": "server_error_burst", "chance": 0.002},
        {"fault": "reply_lost_after_write", "chance": 0.005},
    ),
    tims_faults=(
        {"fault": "webhook_doubled", "chance": 0.02},
        {"fault": "server_error_burst", "chance": 0.002},
        {"fault": "reply_lost_after_write", "chance": 0.005},
    ),
)
"""What a seller sees in an ordinary week, in less time."""

STORMY = replace(
    EVERYDAY,
    name="stormy",
    voided_late=0.01,
    unknown_carrier=0.01,
    credit_hold=Window(after=500, lasts=120),
    reactivate_after=900.0,
    discount_sign=-1,
    amazon_faults=(
        {"fault": "throttle_below_rate", "share": 0.7, "after": 200, "lasts": 600},
        {"fault": "server_error_burst", "chance": 0.01, "length": 3},
        {"fault": "reply_lost_after_write", "chance": 0.02},
        {"fault": "reset_before", "chance": 0.01},
        {"fault": "silence", "chance": 0.001},
        {"fault": "malformed_json", "chance": 0.01},
        {"fault": "html_error", "chance": 0.005},
        {"fault": "partial_page", "chance": 0.3},
        {"fault": "repeated_page", "chance": 0.3},
        {"fault": "hidden_from_search", "chance": 0.05, "seconds": 900},
        {"fault": "included_data_outage", "value": "FULFILLMENT", "after": 700, "lasts": 60},
        {"fault": "package_invisible", "chance": 0.05, "seconds": 60},
        {"fault": "repeat_refused", "chance": 0.2},
        {"fault": "notification_lost", "chance": 0.03},
        {"fault": "notification_late", "chance": 0.05, "seconds": 240},
        {"fault": "notification_doubled", "chance": 0.1},
        {"fault": "notification_reordered", "chance": 0.2, "seconds": 60},
        {"fault": "token_expired_early", "chance": 0.003},
        {"fault": "grant_revoked", "after": 1000, "lasts": 30},
    ),
    tims_faults=(
        {"fault": "rate_limited", "chance": 0.01},
        {"fault": "maintenance", "after": 400, "lasts": 60},
        {"fault": "reply_lost_after_write", "chance": 0.02},
        {"fault": "reset_before", "chance": 0.01},
        {"fault": "silence", "chance": 0.001},
        {"fault": "malformed_json", "chance": 0.01},
        {"fault": "server_error_burst", "chance": 0.01},
        {"fault": "webhook_lost", "chance": 0.05},
        {"fault": "webhook_late", "chance": 0.05},
        {"fault": "webhook_doubled", "chance": 0.1},
        {"fault": "webhook_reordered", "chance": 0.2},
        {"fault": "webhook_bad_signature", "chance": 0.01},
        {"fault": "stale_version", "chance": 0.05},
        {"fault": "token_expired_early", "chance": 0.003},
        {"fault": "ancient_ship_date", "chance": 0.01},
        {"fault": "slow", "chance": 0.01},
    ),
)
"""Everything that has ever gone wrong, at once."""

PRESETS: Mapping[str, Scenario] = {s.name: s for s in (CALM, EVERYDAY, STORMY)}
