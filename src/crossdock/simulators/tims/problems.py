"""What TIMS says when it refuses: problem+json (RFC 9457) with stable codes, all faults at once."""

import json
from collections.abc import Mapping
from typing import Any

# code -> status, title. The stable codes of the contract, then those that HTTP itself needs.
PROBLEMS: Mapping[str, tuple[int, str]] = {
    "validation_failed": (422, "Validation failed"),
    "item_not_found": (404, "Item is not on file"),
    "item_inactive": (422, "Item is not active"),
    "customer_not_found": (404, "Customer is not on file"),
    "customer_on_credit_hold": (422, "Customer is on credit hold"),
    "location_closed": (422, "Location is closed"),
    "insufficient_stock": (422, "Not enough stock"),
    "uom_mismatch": (422, "Unit of measure does not fit the item"),
    "price_below_floor": (422, "Price is below the floor"),
    "order_locked": (409, "Order can no longer be changed"),
    "invalid_status_transition": (409, "Status does not allow this"),
    "duplicate_external_ref": (409, "External reference is already used"),
    "duplicate_customer_code": (409, "Customer code is already used"),
    "idempotency_mismatch": (409, "Idempotency key was used for another request"),
    "reservation_mismatch": (422, "Reservation does not fit the order"),
    "unbalanced_journal": (422, "Journal does not balance"),
    "period_closed": (422, "Period is closed"),
    "stale_version": (412, "Record has changed meanwhile"),
    "rate_limited": (429, "Too many requests"),
    "maintenance": (503, "Down for maintenance"),
    "internal": (500, "Internal error"),
    "malformed_request": (400, "Request cannot be read"),
    "company_missing": (400, "X-TIMS-Company is missing"),
    "api_version_unknown": (400, "API version is not offered"),
    "idempotency_key_missing": (400, "Idempotency-Key is missing"),
    "cursor_invalid": (400, "Cursor is not one of ours"),
    "cursor_expired": (410, "Cursor has expired"),
    "unauthenticated": (401, "Sign in first"),
    "token_invalid": (401, "Token is not valid"),
    "token_expired": (401, "Token has expired"),
    "api_key_invalid": (401, "API key is not valid"),
    "scope_missing": (403, "Scope is missing"),
    "wrong_company": (403, "Key belongs to another company or environment"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Method is not allowed here"),
    "media_type_unsupported": (415, "Body must be JSON"),
    "if_match_missing": (428, "If-Match is missing"),
    "invalid_client": (401, "Client is not known or its secret is wrong"),
    "invalid_scope": (400, "Scope is not granted to this client"),
    "invalid_request": (400, "Token request cannot be read"),
    "unsupported_grant_type": (400, "Only client_credentials is offered"),
}

_OAUTH = {"invalid_client", "invalid_scope", "invalid_request", "unsupported_grant_type"}
_RETRYABLE = {"rate_limited", "maintenance", "internal"}
# Alone, these name the whole refusal; anything else found in a body is `validation_failed`.
_TELLING = {
    "unbalanced_journal",
    "period_closed",
    "customer_on_credit_hold",
    "location_closed",
    "insufficient_stock",
}


class Refusal(Exception):
    """Ends the handling of a request with a problem. `more` are further members of the body."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        status: int | None = None,
        errors: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        usual, title = PROBLEMS[code]
        super().__init__(detail or title)
        self.code, self.status, self.title, self.detail = code, status or usual, title, detail
        self.errors, self.headers, self.more = errors or [], dict(headers or {}), more

    def body(self, trace_id: str) -> bytes:
        """The problem document."""
        said: dict[str, Any] = {
            "type": f"https://tims.example/problems/{self.code.replace('_', '-')}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "trace_id": trace_id,
            "retryable": self.code in _RETRYABLE or self.status >= 500,
            "errors": self.errors,
        }
        if self.detail:
            said["detail"] = self.detail
        if self.code in _OAUTH:  # RFC 6749 5.2 members, for clients that know no problem+json
            said |= {"error": self.code, "error_description": self.detail or self.title}
        return json.dumps(said | self.more, separators=(",", ":")).encode()


class Findings:
    """Collects everything that is wrong with a body, so that a person hears it once."""

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []

    def add(self, pointer: str, code: str, message: str, rejected: object = None) -> None:
        """One fault, at a JSON pointer into the body."""
        error: dict[str, Any] = {"pointer": pointer, "code": code, "message": message}
        if rejected is not None:
            error["rejected"] = rejected
        self.errors.append(error)

    def refuse(self) -> None:
        """Raise when anything was found."""
        if not self.errors:
            return
        codes = {error["code"] for error in self.errors}
        only = codes.pop() if len(codes) == 1 else ""
        code = only if only in _TELLING else "validation_failed"
        raise Refusal(code, self.errors[0]["message"], status=422, errors=self.errors)
