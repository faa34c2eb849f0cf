"""Made-up people for TIMS's test company: the same person always becomes the same made-up one.

City, state, country and the first digits of the postal code stay, because freight and tax are tried
with them.
"""

from hashlib import blake2s
from typing import TypeVar

from pydantic import BaseModel

from crossdock.connectors.tims import models as m

D = TypeVar("D", bound=BaseModel)


def without_people(draft: D) -> D:
    """A new order, change or customer with nobody in it that exists."""
    changed: dict[str, object] = {}
    address = getattr(draft, "ShipToAddress", None)
    if isinstance(address, m.Address):
        changed["ShipToAddress"] = made_up(address)
    if isinstance(draft, m.NewCustomer) and (draft.ContactName or draft.BillTo):
        changed["CompanyName"] = f"Company {_token(draft.CompanyName)}"
        changed["ContactName"] = draft.ContactName and f"Person {_token(draft.ContactName)}"
        changed["BillTo"] = draft.BillTo and made_up(draft.BillTo)
        changed |= {"Email": None, "Phone": None}
    return draft.model_copy(update=changed) if changed else draft


def made_up(address: m.Address) -> m.Address:
    """An address of the same town."""
    said = address.model_dump(exclude_none=True)
    token = _token("|".join(str(said.get(n, "")) for n in ("Name", "CompanyName", "Line1")))
    fields: dict[str, str | None] = {
        "Name": f"Person {token}" if address.Name else None,
        "CompanyName": f"Company {token}" if address.CompanyName else None,
        "Line1": f"{int(token, 16) % 9999 + 1} Test Street" if address.Line1 else None,
        "Line2": None, "Line3": None, "Phone": None, "Email": None,
        "PostalCode": _blurred(address.PostalCode),
    }  # fmt: skip
    return address.model_copy(update=fields)


def _blurred(code: str | None) -> str | None:
    if code is None:
        return None
    return code[:3] + "".join("0" if c.isdigit() else "A" if c.isalpha() else c for c in code[3:])


def _token(text: str) -> str:
    return blake2s(text.casefold().encode(), digest_size=3).hexdigest()
