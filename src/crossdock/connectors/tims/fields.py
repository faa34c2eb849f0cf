"""How TIMS writes values: exact decimals as strings, times in UTC."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

T = TypeVar("T")


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("is a float; TIMS sends money and quantities as decimal strings")
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("is not a finite amount")
    return value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("has no time zone")
    return value.astimezone(UTC)


def rfc3339(value: datetime) -> str:
    """As TIMS writes times: UTC with Z."""
    whole = value.astimezone(UTC).isoformat(
        timespec="milliseconds" if value.microsecond else "seconds"
    )
    return whole.replace("+00:00", "Z")


Exact = Annotated[
    Decimal,
    BeforeValidator(_exact),
    AfterValidator(_finite),
    PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json"),
]
"""Money in the document's CurrencyCode, or a count of the line's Uom."""

Moment = Annotated[
    datetime, AfterValidator(_utc), PlainSerializer(rfc3339, return_type=str, when_used="json")
]
"""A time, UTC; on the wire RFC 3339 with Z."""


Rows = Annotated[tuple[T, ...], BeforeValidator(lambda value: () if value is None else value)]
"""A list that TIMS may also leave null."""

Words = Annotated[
    str | None, BeforeValidator(lambda x: None if isinstance(x, str) and not x.strip() else x)
]
"""Text, or None; blank text says nothing and TIMS refuses it."""


class Record(BaseModel):
    """Something TIMS sent."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Draft(BaseModel):
    """Something we send."""

    model_config = ConfigDict(extra="forbid", frozen=True)
