"""A request in TIMS's words, before address and credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Ask:
    """One request in TIMS's words, before address and credentials."""

    method: str
    template: str  # "/sales_orders/{OrderNumber}": names the request in limits and evidence
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    scope: str = ""
    writes: bool = False

    @property
    def name(self) -> str:
        """Such as "POST /sales_orders"."""
        return f"{self.method} {self.template}"


def read_ask(
    template: str, key: str = "", *, query: Mapping[str, str] | None = None, scope: str = ""
) -> Ask:
    """Read a resource, or a list where there is no key."""
    path = template
    if key:
        before, _, rest = template.partition("{")
        path = before + segment(key) + rest.partition("}")[2]
    return Ask("GET", template, path, query=query or {}, scope=scope)


def create_ask(path: str, body: Mapping[str, object], key: str, *, scope: str) -> Ask:
    """Create something once: the key is TIMS's to recognise a repeat by."""
    headers = {"idempotency-key": key}
    return Ask("POST", path, path, headers=headers, body=body, scope=scope, writes=True)


def body_of(draft: BaseModel) -> dict[str, object]:
    """What is said; fields without a value are left out."""
    return draft.model_dump(mode="json", exclude_none=True)


def segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")
