"""Personal data and secrets never reach a log, a case or an evidence row."""

import traceback
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

MASK = "***"

# Amazon's personal fields (Orders 2026-01-01), TIMS's names for the same, and secrets.
PERSONAL = frozenset({
    "buyername", "buyeremail", "giftmessage", "customizedurl", "name", "addressline1",
    "addressline2", "addressline3", "postalcode", "phone", "extendedfields", "cancelreason",
    "destinationpostalcode", "line1", "line2", "line3", "email", "contactname", "shiptoaddress",
    "billto", "deliveryaddress", "recipient", "taxregistrations", "addressinstruction",
    "paymentexecutions", "companyname", "buyercompanyname", "legalname", "taxregistrationnumber",
})  # fmt: skip
SECRET = frozenset({
    "accesstoken", "refreshtoken", "clientsecret", "authorization", "apikey", "xapikey",
    "xamzaccesstoken", "secret", "password", "token", "clientid",
})  # fmt: skip


def masked(value: object) -> object:
    """The same structure with personal and secret fields replaced by ***; keys are kept."""
    if isinstance(value, Mapping):
        return {k: MASK if _is_private(str(k)) and v else masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(v) for v in value]
    return value


def told(error: BaseException) -> dict[str, object]:
    """What a log may say of an error that nobody foresaw: its type and place. Its words may quote
    a record, so they are told only where the machine or the store speaks, and of those one line.
    """
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    found: dict[str, object] = {
        "error": type(error).__name__,
        "where": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames],
    }
    if isinstance(error, OSError) or type(error).__module__.startswith("sqlalchemy"):
        found["text"] = str(error).partition("\n")[0][:200]  # a store's second line has values
    return found


@lru_cache(maxsize=4096)  # names of fields, which come again with every document
def _is_private(key: str) -> bool:
    plain = key.replace("_", "").replace("-", "").lower()
    return plain in PERSONAL or plain in SECRET
