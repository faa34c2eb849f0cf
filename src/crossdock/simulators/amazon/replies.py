"""Amazon's answers and refusals."""

import json
from typing import Any

from crossdock.simulators.wire import Reply

JSON = "application/json"
Row = dict[str, Any]


class Refusal(Exception):
    """A request that Amazon answers with an error."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def reply(self) -> Reply:
        """As Amazon writes errors."""
        error = {"code": self.code, "message": self.message, "details": self.details}
        return answer(self.status, {"errors": [error]})


def invalid(message: str, details: str = "") -> Refusal:
    """400: the request can never succeed as it is."""
    return Refusal(400, "InvalidInput", message, details)


def not_found(message: str) -> Refusal:
    """404."""
    return Refusal(404, "NotFound", message)


def denied(details: str, status: int = 403) -> Refusal:
    """403: token, role, marketplace or authorisation; Amazon hardly says which."""
    return Refusal(status, "Unauthorized", "Access to requested resource is denied.", details)


def answer(status: int, value: Any) -> Reply:
    """A JSON answer."""
    return encoded(status, encode(value))


def encoded(status: int, body: bytes) -> Reply:
    """An answer that is already JSON."""
    return Reply(status, {"content-type": JSON}, body)


def encode(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


HTML_ERROR = (
    b"<html><head><title>503 Service Temporarily Unavailable</title></head>"
    b"<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>"
)
