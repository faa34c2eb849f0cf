"""What TIMS's refusals mean: one table, (status, code) -> what happens next.

TIMS answers errors as problem+json (RFC 9457): a `code` for the whole, and `errors[]` with pointer,
code and rejected value for the parts. The most telling code decides; every part is named in the
message. A code that is not in the table falls to its status, and an unknown status to a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crossdock.kernel.errors import Defect, NeedsPerson, RunError, TryAgain


@dataclass(frozen=True, slots=True)
class Part:
    """One thing TIMS found wrong."""

    code: str
    pointer: str = ""
    message: str = ""
    rejected: str = ""

    def __str__(self) -> str:
        where = f"{self.pointer}: " if self.pointer else ""
        what = self.message or self.code
        named = f" ({self.rejected})" if self.rejected and self.rejected not in what else ""
        return f"{where}{what}{named}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of TIMS that is not 2xx, in one shape whatever the site's wire format."""

    status: int
    code: str = ""
    title: str = ""
    detail: str = ""
    trace_id: str = ""
    parts: tuple[Part, ...] = ()
    retryable: bool | None = None
    retry_after: timedelta | None = None
    current_status: str = ""  # of the order, where a move was refused
    existing: str = ""  # number or id of what is already there, where TIMS names it
    scope: str = ""  # what is missing, where TIMS names it

    @property
    def codes(self) -> tuple[str, ...]:
        """The parts' codes first, because they say more than the whole's."""
        return (*(part.code for part in self.parts), self.code)

    def has(self, *codes: str) -> bool:
        """True when the whole or a part carries one of the codes."""
        return not set(codes).isdisjoint(self.codes)

    def __str__(self) -> str:
        parts = "; ".join(str(part) for part in self.parts)
        said = parts or self.detail or self.title or self.code or "no explanation"
        return f"TIMS said {self.status} {self.code or 'without a code'}: {said}"


@dataclass(frozen=True, slots=True)
class Later:
    """TryAgain. `counts` False: nobody's failure. `after` is used when TIMS names no time."""

    after: timedelta | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """NeedsPerson of that kind; docs/operate/<kind>.md is its page."""

    kind: str
    remedy: str
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Bug:
    """Defect: TIMS is right and our program is wrong."""


Meaning = Later | Person | Bug

_SKU = Person("unknown-sku", "Correct the SKU table (or add the item in TIMS), then retry.")
_ITEM = Person(
    "item-inactive", "Reactivate the item in TIMS or map the SKU to another, then retry."
)
_CREDIT = Person("credit-hold", "Lift the customer's credit hold in TIMS, then retry.")
_CUSTOMER = Person(
    "customer-missing", "Open the customer in TIMS or correct the customer code, then retry."
)
_ACCOUNT = Person(
    "account-missing", "Correct accounts.yaml, or the chart of accounts in TIMS; then retry."
)
_LOCKED = Person(
    "order-locked", "Settle the change with the warehouse in TIMS by hand, then close the case."
)
_SIGN_IN = Person(
    "reconnect-tims",
    "Check client id and secret or API key, company and live/test, then run "
    "`crossdock connection test tims`.",
    suspect=True,
)
_REFUSED = "Read what TIMS said, correct it in TIMS or in the mapping, then retry."

TABLE: Final[Mapping[tuple[int, str], Meaning]] = {
    # Who we are.
    (401, ""): _SIGN_IN,
    (403, ""): _SIGN_IN,
    (403, "scope_missing"): Person(
        "reconnect-tims",
        "Grant the scope that TIMS names to this client, then retry.",
        suspect=True,
    ),
    (403, "wrong_company"): Person(
        "reconnect-tims",
        "This key belongs to another company or to the other side (live or test): use the right "
        "key or correct company and environment in the settings.",
        suspect=True,
    ),
    # What is not there.
    (404, ""): Person("tims-refused", "Look in TIMS whether it was deleted or renumbered."),
    (404, "customer_not_found"): _CUSTOMER,
    (404, "item_not_found"): _SKU,
    (422, "customer_not_found"): _CUSTOMER,
    (422, "item_not_found"): _SKU,
    # What may not be sold now.
    (409, "item_inactive"): _ITEM,
    (422, "item_inactive"): _ITEM,
    (409, "customer_on_credit_hold"): _CREDIT,
    (422, "customer_on_credit_hold"): _CREDIT,
    (422, "location_closed"): Person(
        "tims-refused", "Choose another location for the order or open this one, then retry."
    ),
    (409, "insufficient_stock"): Person(
        "tims-refused", "Receive or free stock in TIMS, or allow back-orders, then retry."
    ),
    (422, "insufficient_stock"): Person(
        "tims-refused", "Receive or free stock in TIMS, or allow back-orders, then retry."
    ),
    (422, "uom_mismatch"): Person(
        "tims-refused", "Correct the unit of measure in the SKU table, then retry."
    ),
    (422, "price_not_found"): Person(
        "tims-refused", "Enter a price for the item in TIMS, in that currency; then retry."
    ),
    (422, "price_below_floor"): Person(
        "tims-refused", "Allow the price for this customer in TIMS, then retry."
    ),
    (422, "period_closed"): Person(
        "period-closed", "Open the period in TIMS or choose another date, then retry."
    ),
    (422, "account_not_found"): _ACCOUNT,
    (422, "account_inactive"): _ACCOUNT,
    (422, "unbalanced_journal"): Bug(),
    (422, "validation_failed"): Person("tims-refused", _REFUSED),
    (422, "unknown_field"): Bug(),
    (422, "read_only"): Bug(),
    (422, "unknown_filter"): Bug(),
    (422, "not_whole_cents"): Bug(),
    (422, ""): Person("tims-refused", _REFUSED),
    # Where the order stands.
    (409, "order_locked"): _LOCKED,
    (423, ""): _LOCKED,
    (409, "invalid_status_transition"): _LOCKED,
    (409, "duplicate_external_ref"): Person(
        "tims-refused", "Another document holds this reference; find it in TIMS before retrying."
    ),
    (409, "idempotency_mismatch"): Person(
        "tims-refused",
        "An earlier, different request used this key; compare with TIMS, then retry.",
    ),
    (409, ""): Person("tims-refused", _REFUSED),
    (409, "stale_version"): Later(after=timedelta(seconds=1)),
    (412, "stale_version"): Later(after=timedelta(seconds=1)),
    (412, ""): Later(after=timedelta(seconds=1)),
    (428, ""): Bug(),
    (410, "cursor_expired"): Later(after=timedelta(seconds=1)),  # the list begins anew
    # Later.
    (429, ""): Later(after=timedelta(seconds=1), counts=False),
    (503, "maintenance"): Later(after=timedelta(minutes=5), counts=False),
    (503, ""): Later(),
    (500, ""): Later(),
    (502, ""): Later(),
    (504, ""): Later(),
    (408, ""): Later(),
    # Our own mistakes.
    (400, ""): Bug(),
    (405, ""): Bug(),
    (406, ""): Bug(),
    (413, ""): Bug(),
    (414, ""): Bug(),
    (415, ""): Bug(),
}

UNKNOWN: Final = Person("tims-refused", _REFUSED, suspect=True)
"""An answer nobody has foreseen: a person looks, and a wave of it is taken for an outage."""


def meaning_of(refusal: Refusal) -> tuple[Meaning, str]:
    """What happens next, and the code that decided it."""
    for code in refusal.codes:
        meaning = TABLE.get((refusal.status, code)) if code else None
        if meaning is not None and code != "validation_failed":
            return meaning, code
    if refusal.has("validation_failed"):
        return TABLE[422, "validation_failed"], "validation_failed"
    listed = TABLE.get((refusal.status, ""))
    if listed is not None:
        return listed, refusal.code
    if refusal.status >= 500 or refusal.retryable:
        return Later(), refusal.code
    return UNKNOWN, refusal.code


def error_of(refusal: Refusal, *, operation: str, about: str = "") -> RunError:
    """The error to raise for a refusal; it names every part, the request and the way out."""
    meaning, code = meaning_of(refusal)
    message, trace = str(refusal), refusal.trace_id
    if isinstance(meaning, Later):
        after = refusal.retry_after or meaning.after
        return TryAgain(
            message, after=after, counts=meaning.counts, about=about, request_id=trace, code=code
        )
    evidence = {"operation": operation, "status": refusal.status, "code": refusal.code}
    if isinstance(meaning, Bug):
        parts = [f"{part.pointer} {part.code}" for part in refusal.parts]
        return Defect(
            message,
            about=about,
            request_id=trace,
            code=code,
            reproduce={**evidence, "parts": parts},
        )
    return NeedsPerson(
        message,
        kind=meaning.kind,
        remedy=meaning.remedy,
        about=about,
        request_id=trace,
        code=code,
        evidence={**evidence, "pointers": [part.pointer for part in refusal.parts]},
        suspect=meaning.suspect,
    )


KINDS: Final = tuple(
    sorted({row.kind for row in (*TABLE.values(), UNKNOWN) if isinstance(row, Person)})
)
"""Every kind of case this connector can open; each has a page."""
