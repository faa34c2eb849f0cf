"""Documents at an address that is secret and soon closed. No token opens it, no quota counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.wire import Reply, Request

OPEN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Opened:
    """What an address opens, and until when."""

    content: bytes
    media: str
    until: datetime


class Downloads:
    """Addresses under one path of the same host."""

    def __init__(self, company: Company, path: str) -> None:
        self.path = path
        self._company = company
        self._open: dict[str, Opened] = {}

    def open(self, call: Call, content: bytes, media: str) -> str:
        """An address for it."""
        secret = self._company.names.secret(32)
        self._open[secret] = Opened(content, media, call.now + OPEN)
        host = call.request.headers.get("host", "documents.example")
        scheme = "http" if host.startswith(("127.", "localhost")) else "https"
        return f"{scheme}://{host}{self.path}{secret}"

    def answer(self, request: Request) -> Reply:
        """The content, while the address is open."""
        found = self._open.get(request.path.removeprefix(self.path))
        if found is None or self._company.now() >= found.until:
            return Reply(403, {"content-type": "application/xml"}, b"<Error>AccessDenied</Error>")
        return Reply(200, {"content-type": found.media}, found.content)
