"""How Amazon writes values, and the parts that many of its documents share."""
# ruff: noqa: N815  (fields keep Amazon's own spelling)

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from crossdock.kernel.money import Money


def _text_only(value: Any) -> Any:
    if isinstance(value, float | bool):
        raise ValueError("is not exact; Amazon sends amounts as decimal strings")
    return value


def timestamp(value: datetime) -> str:
    """As Amazon writes times: UTC, milliseconds, Z."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Exact = Annotated[Decimal, BeforeValidator(_text_only)]
"""A decimal string; never a float, an infinity or a NaN."""

Moment = Annotated[
    AwareDatetime,
    AfterValidator(lambda value: value.astimezone(UTC)),
    PlainSerializer(timestamp, return_type=str),
]
"""A time, UTC."""

Personal = Annotated[str | None, Field(repr=False)]
"""Text about a person (see Amazon's page on order data and roles); hidden in `repr`."""


class Record(BaseModel):
    """Something Amazon sent."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Draft(BaseModel):
    """Something we send."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AmazonMoney(Record):
    """Amazon's Money; `money` is ours."""

    amount: Exact
    currencyCode: str

    @property
    def money(self) -> Money:
        """The exact amount with its currency."""
        return Money(self.amount, self.currencyCode)


class DateTimeRange(Record):
    """From and until; either may be open."""

    earliestDateTime: Moment | None = None
    latestDateTime: Moment | None = None


class Measurement(Record):
    """A quantity in a unit other than pieces."""

    unit: str
    value: Decimal
