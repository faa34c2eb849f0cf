"""Settlement files and account maps for tests: only what matters is said."""

import csv
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources

from crossdock.business.settlements.accounts import Accounts, Mode, Rule, Target
from crossdock.business.settlements.categories import Vocabulary

COLUMNS = [
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "marketplace-name",
    "amount-type",
    "amount-description",
    "amount",
    "fulfillment-id",
    "posted-date",
    "posted-date-time",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "quantity-purchased",
    "promotion-id",
]

KINDS = (
    ("Order", "ItemPrice", "Principal"),
    ("Order", "ItemPrice", "Tax"),
    ("Order", "ItemPrice", "Shipping"),
    ("Order", "ItemFees", "Commission"),
    ("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"),
    ("Order", "Promotion", "Principal"),
    ("Refund", "ItemPrice", "Principal"),
    ("Refund", "ItemFees", "RefundCommission"),
    ("ServiceFee", "Cost of Advertising", "TransactionTotalAmount"),
    ("other-transaction", "other-transaction", "Subscription Fee"),
    ("other-transaction", "other-transaction", "Current Reserve Amount"),
    ("other-transaction", "other-transaction", "Previous Reserve Amount Balance"),
)


def vocabulary() -> Vocabulary:
    shipped = resources.files("crossdock.business.settlements") / "vocabulary.csv"
    return Vocabulary(csv.DictReader(shipped.read_text("utf-8").splitlines()))


def accounts(**changes) -> Accounts:
    """Every category has an account of its own family."""
    words = sorted(vocabulary().categories)
    rules = tuple(Rule((c,), Target(f"6{n:03}"), where=f"line {n}") for n, c in enumerate(words))
    plain = Accounts(
        zone="UTC",
        bank=Target("1050"),
        payable=Target("2150"),
        carry_forward=Target("1190"),
        clearing=Target("1150"),
        rules=rules,
        modes=(Mode("recognise"),),
        digest="test",
    )
    return replace(plain, **changes)


def money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def line(
    kind, cents, *, at="2026-06-20 10:00:00 UTC", order="", market="amazon.com", channel="MFN"
):
    kind_of = dict(
        zip(("transaction-type", "amount-type", "amount-description"), kind, strict=True)
    )
    return {
        **kind_of,
        "amount": money(cents),
        "posted-date-time": at,
        "posted-date": at[:10],
        "order-id": order,
        "marketplace-name": market,
        "fulfillment-id": channel,
    }


def report(
    lines: Sequence[dict],
    *,
    total: int | None = None,
    number="28471003921",
    start="2026-06-16 00:00:00 UTC",
    end="2026-06-30 23:59:59 UTC",
) -> bytes:
    cents = sum(
        round(
            int(x["amount"].replace(".", "").replace("-", ""))
            * (-1 if x["amount"].startswith("-") else 1)
        )
        for x in lines
    )
    control = {
        "settlement-id": number,
        "settlement-start-date": start,
        "settlement-end-date": end,
        "deposit-date": "2026-07-02 00:00:00 UTC",
        "currency": "USD",
        "total-amount": money(cents if total is None else total),
    }
    rows = [control, *({"settlement-id": number, **x} for x in lines)]
    text = ["\t".join(COLUMNS)] + ["\t".join(r.get(c, "") for c in COLUMNS) for r in rows]
    return ("\n".join(text) + "\n").encode()


def some_lines(seed: int, count: int = 40, *, months: Sequence[int] = (6,)) -> list[dict]:
    """A settlement's worth of lines; amounts of either sign, as reversals make them."""
    rnd = random.Random(seed)
    found = []
    for n in range(count):
        day = datetime(2026, rnd.choice(list(months)), rnd.randint(1, 28), tzinfo=UTC)
        day += timedelta(seconds=rnd.randrange(86400))
        cents = rnd.choice((1, -1)) * rnd.randint(1, 50_000)
        found.append(
            line(
                rnd.choice(KINDS),
                cents,
                at=f"{day:%Y-%m-%d %H:%M:%S} UTC",
                order=f"111-0000000-{n // 4:07}",
                channel=rnd.choice(("AFN", "MFN")),
            )
        )
    return found
