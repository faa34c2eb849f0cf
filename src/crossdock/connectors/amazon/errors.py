"""What Amazon's refusals mean for us: one table, read from top to bottom, first match wins.

A refusal is a status, Amazon's code and Amazon's words. Rows that name more are above rows that
name less; what nobody has met before is at the end and becomes a case, never a guess.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from crossdock.connectors.amazon.models import ErrorList, OAuthError
from crossdock.connectors.http import Response
from crossdock.kernel.errors import Defect, NeedsPerson, RunError, TryAgain

REQUEST_ID: Final = "x-amzn-requestid"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not a success. `said` holds no personal data and no secret."""

    status: int
    code: str  # Amazon's; "" when the answer was not Amazon's JSON
    said: str
    request_id: str


class Meaning(Enum):
    """What happens next."""

    LATER = "later"  # by itself
    THROTTLED = "throttled"  # when the quota has filled again
    PERSON = "person"
    TOKEN = "token"  # the access token; a new one may do  # noqa: S105 - no secret
    LOOK = "look"  # it may have been carried out: read before deciding
    DEFECT = "defect"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Empty columns match everything."""

    status: int | None  # None: any
    code: str
    words: str  # a part of Amazon's words, lower case
    operation: str
    meaning: Meaning
    kind: str = ""  # docs/operate/<kind>.md
    remedy: str = ""
    suspect: bool = False  # a wave of it is rather an outage

    def matches(self, refusal: Refusal, operation: str) -> bool:
        """True when the row is meant for this refusal of this operation."""
        return (
            self.status in (None, refusal.status)
            and (not self.code or self.code == plain(refusal.code))
            and (not self.operation or self.operation == operation)
            and self.words in refusal.said.lower()
        )


_CHECK = "Run `crossdock connection test amazon`: it names what is missing"
_CONFIRM = "Compare the shipment with the order in Seller Central, correct it in TIMS"
_L, _T, _P, _K, _D = Meaning.LATER, Meaning.THROTTLED, Meaning.PERSON, Meaning.TOKEN, Meaning.DEFECT

TABLE: Final[tuple[Row, ...]] = (
    # --- the token, the authorisation, the role
    Row(401, "", "", "", _K),
    Row(403, "", "expired", "", _K),
    Row(403, "", "malformed or invalid", "", _K),
    Row(403, "", "token is missing", "", _K),
    Row(403, "", "not authorized by the selling partner", "", _P, "reconnect-amazon",
        "Authorise the application again in Seller Central and store the new refresh token.", True),
    Row(403, "", "every marketplace", "", _P, "access-denied",
        f"Take marketplaces out of the settings where this account does not sell. {_CHECK}.", True),
    Row(403, "", "scope", "", _P, "access-denied",
        "Allow notifications without a seller (grantless) for the application.", True),
    Row(403, "", "", "searchOrders", _P, "access-denied",
        "Give the application the role Inventory and Order Tracking (or check that the account, "
        f"region and marketplace are right). {_CHECK}.", True),
    Row(403, "", "", "getOrder", _P, "access-denied",
        "Give the application the role Inventory and Order Tracking (or check that the order is of "
        f"this account and region). {_CHECK}.", True),
    Row(403, "", "", "confirmShipment", _P, "access-denied",
        "Give the application the role Inventory and Order Tracking (or check that the order is of "
        f"this account and region). {_CHECK}.", True),
    Row(403, "", "", "getMarketplaceParticipations", _P, "access-denied",
        f"Give the application any selling role, and authorise it again. {_CHECK}.", True),
    Row(403, "", "", "", _P, "access-denied",
        f"Give the application the role that this call needs, and authorise it again. {_CHECK}.",
        True),
    # --- shipments: a refusal after a lost reply may mean that the package stands
    Row(400, "", "packagetoupdatenotfound", "confirmShipment", Meaning.LOOK, "shipment-rejected"),
    Row(400, "", "already fulfilled", "confirmShipment", Meaning.LOOK, "shipment-rejected"),
    Row(400, "", "ship+", "confirmShipment", _P, "shipment-rejected",
        "Amazon confirms Ship+ orders itself when its label is bought; resolve this case."),
    Row(400, "", "fulfilled by amazon", "confirmShipment", _P, "shipment-rejected",
        "Amazon ships this order itself; find out why TIMS shipped it."),
    Row(400, "", "", "confirmShipment", _P, "shipment-rejected", f"{_CONFIRM}, then retry."),
    # --- the request
    Row(400, "", "", "searchOrders", _P, "amazon-refused",
        "Amazon refuses the search; when it is not an outage, the settings name a wrong value.",
        True),
    Row(400, "", "", "getOrder", _P, "amazon-refused",
        "Look the order up in Seller Central; when many orders are refused it is an outage.", True),
    Row(400, "", "payloadversion", "createSubscription", _D),
    Row(400, "", "", "createSubscription", _P, "amazon-refused",
        "Check the destination and run `crossdock connection test amazon`."),
    Row(400, "", "", "createDestination", _P, "amazon-refused",
        "Check the queue's ARN in the settings: a standard queue that Amazon may write to."),
    Row(404, "notfound", "", "getOrder", _L),  # a notification may be ahead of the order
    Row(404, "notfound", "", "confirmShipment", _P, "amazon-refused",
        "Amazon does not know this order for this account: check the account of the sales order."),
    Row(413, "", "", "", _D),
    Row(414, "", "", "", _D),
    Row(415, "", "", "", _D),
    # --- later
    Row(429, "", "", "", _T),
    Row(408, "", "", "", _L),
    Row(500, "", "", "", _L),
    Row(501, "", "", "", _L),
    Row(502, "", "", "", _L),
    Row(503, "", "", "", _L),
    Row(504, "", "", "", _L),
    # --- nobody has met this before
    Row(None, "", "", "", _P, "amazon-refused",
        "Nobody has met this answer before: see Amazon's words, then retry or ask its support."),
)  # fmt: skip

LOGIN: Final[Mapping[str, Row]] = {
    "invalid_grant": Row(None, "", "", "", _P, "reconnect-amazon",
        "The seller's authorisation has ended or was withdrawn: authorise the application again in "
        "Seller Central and store the new refresh token.", True),
    "invalid_client": Row(None, "", "", "", _P, "reconnect-amazon",
        "Client id or client secret is wrong or has expired (secrets live 180 days): take the "
        "current ones from the developer console.", True),
    "unauthorized_client": Row(None, "", "", "", _P, "reconnect-amazon",
        "The refresh token was made for another application: use the client id it belongs to.",
        True),
    "invalid_scope": Row(None, "", "", "", _P, "access-denied",
        "Allow notifications for the application in the developer console.", True),
    "invalid_request": Row(None, "", "", "", _P, "reconnect-amazon",
        "Client id, client secret or refresh token is missing in the settings.", True),
    "unsupported_grant_type": Row(None, "", "", "", _D),
}  # fmt: skip
"""Login with Amazon speaks OAuth: its codes, whatever the status."""


def refusal_of(response: Response) -> Refusal:
    """What an answer outside 2xx says."""
    request_id = response.headers.get(REQUEST_ID, "")
    body = response.body
    if body.lstrip().startswith(b"["):  # getListingsRestrictions has no envelope around its list
        body = b'{"errors":' + body + b"}"
    try:
        errors = ErrorList.model_validate_json(body).errors
    except ValidationError:
        return Refusal(
            response.status, "", f"status {response.status}, not Amazon's JSON", request_id
        )
    first = errors[0]
    said = " ".join(x for e in errors for x in (e.message, e.details) if x)
    return Refusal(response.status, first.code, _harmless(said), request_id)


def code_of(response: Response) -> str:
    """Amazon's error code, for the evidence."""
    return refusal_of(response).code


def login_code_of(response: Response) -> str:
    """Login with Amazon's error code, for the evidence."""
    return login_refusal(response).code


def login_refusal(response: Response) -> Refusal:
    """What Login with Amazon says when it gives no token."""
    request_id = response.headers.get(REQUEST_ID, "")
    try:
        error = OAuthError.model_validate_json(response.body)
    except ValidationError:
        return Refusal(response.status, "", f"status {response.status}, not JSON", request_id)
    return Refusal(response.status, error.error, _harmless(error.error_description), request_id)


def row_of(refusal: Refusal, operation: str) -> Row:
    """The line of the table that applies."""
    if not refusal.code and 400 <= refusal.status < 500 and refusal.status not in (401, 403, 429):
        return _GATEWAY
    return next(row for row in TABLE if row.matches(refusal, operation))


_GATEWAY = Row(None, "", "", "", Meaning.LATER)  # a page of some gateway, not Amazon's API


def error_of(refusal: Refusal, operation: str, about: str) -> RunError:
    """What is raised for a refusal. Throttling and tokens are handled before this."""
    return _error(row_of(refusal, operation), refusal, operation, about)


def login_error_of(refusal: Refusal) -> RunError:
    """What is raised when there is no token."""
    about = "Login with Amazon"
    row = LOGIN.get(refusal.code)
    if row is not None:
        return _error(row, refusal, "sign-in", about)
    if refusal.status == 429 or refusal.status >= 500 or not refusal.code:
        return TryAgain(
            f"no token: {_short(refusal)}", about=about, code=_code(refusal),
            request_id=refusal.request_id,
        )  # fmt: skip
    return _error(TABLE[-1], refusal, "sign-in", about)


def _error(row: Row, refusal: Refusal, operation: str, about: str) -> RunError:
    message = f"{operation} was refused: {_short(refusal)}"
    code, request_id = _code(refusal), refusal.request_id
    if row.meaning is Meaning.PERSON:
        return NeedsPerson(
            message, kind=row.kind, remedy=row.remedy, about=about, request_id=request_id,
            code=code, suspect=row.suspect, evidence={"operation": operation, "said": refusal.said},
        )  # fmt: skip
    if row.meaning is Meaning.DEFECT:
        reproduce = {"operation": operation, "status": refusal.status, "said": refusal.said}
        return Defect(message, about=about, request_id=request_id, code=code, reproduce=reproduce)
    return TryAgain(message, about=about, request_id=request_id, code=code)


def _without_nulls(value: Any) -> Any:
    """Amazon leaves out what is not known, and now and then writes null for it."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value if v is not None]
    return value


Read = TypeVar("Read", bound=BaseModel)


def read(model: type[Read], response: Response, operation: str, about: str) -> Read:
    """The answer as the model. Broken JSON is the network's fault and goes again; a document that
    is not what Amazon describes is ours to look at. Values are never repeated in the error.
    """
    try:
        return model.model_validate_json(response.body)
    except ValidationError as error:
        broken = error.errors(include_url=False, include_context=False, include_input=False)
    request_id = response.headers.get(REQUEST_ID, "")
    if broken[0]["type"] == "json_invalid":
        raise TryAgain(
            f"{operation} gave {len(response.body)} bytes that are not JSON",
            about=about, request_id=request_id, code="malformed answer",
        )  # fmt: skip
    try:
        return model.model_validate(_without_nulls(json.loads(response.body)))
    except ValidationError as error:
        broken = error.errors(include_url=False, include_context=False, include_input=False)
    found = [f"{'.'.join(str(x) for x in p['loc'])}: {p['type']}" for p in broken[:20]]
    raise Defect(
        f"{operation} gave a document that does not fit Amazon's model at {found[0]}",
        about=about, request_id=request_id, code="unknown answer",
        reproduce={"operation": operation, "problems": found},
    )  # fmt: skip


def read_with_id(model: type[Read], response: Response, operation: str, about: str) -> Read:
    """The same, and its `request_id` is Amazon's of this call."""
    said = read(model, response, operation, about)
    return said.model_copy(update={"request_id": response.headers.get(REQUEST_ID, "")})


def plain(code: str) -> str:
    """Amazon writes "InvalidInput" and "Invalid Input"."""
    return re.sub(r"[^a-z0-9]", "", code.lower())


_UNSPOKEN = re.compile(r"\S+@\S+|Atz[ar]\|\S+|\b\d{5}-\d{4}\b|\+?\d[\d ()-]{8,}\d")


def _harmless(text: str) -> str:
    """Amazon's words without what looks like an address, a telephone number or a token."""
    return _UNSPOKEN.sub("***", text)[:300]


def _short(refusal: Refusal) -> str:
    code = refusal.code or f"status {refusal.status}"
    return f"{code}: {refusal.said}" if refusal.said else code


def _code(refusal: Refusal) -> str:
    return refusal.code or str(refusal.status)
