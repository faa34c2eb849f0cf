"""Reads the fields of a written body strictly: unknown fields refused, every fault collected."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.problems import Findings

Reader = Callable[[Any, str, Findings], Any]

_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.([0-9]{1,8}))?")
_CENT = Decimal("0.01")


def read(
    body: Any,
    spec: Mapping[str, Reader],
    findings: Findings,
    *,
    required: Collection[str] = (),
    read_only: Collection[str] = (),
    pointer: str = "",
) -> dict[str, Any]:
    """The known fields, parsed. A null counts as absent."""
    if not isinstance(body, dict):
        findings.add(pointer, "not_an_object", "A JSON object is expected here")
        return {}
    parsed: dict[str, Any] = {}
    for name, value in body.items():
        reader = spec.get(name)
        if reader is None:
            _refuse_name(name, f"{pointer}/{name}", read_only, findings)
        elif value is not None:
            parsed[name] = reader(value, f"{pointer}/{name}", findings)
    for name in required:
        if body.get(name) is None:
            findings.add(f"{pointer}/{name}", "required", f"{name} is required")
    return parsed


def _refuse_name(name: str, pointer: str, read_only: Collection[str], findings: Findings) -> None:
    if name in read_only:
        findings.add(pointer, "read_only", f"{name} is set by TIMS")
    else:
        findings.add(pointer, "unknown_field", f"There is no field {name} here", name)


def text(longest: int = 100) -> Reader:
    """Text that is not blank."""

    def reader(value: Any, pointer: str, findings: Findings) -> str | None:
        if not isinstance(value, str) or not value.strip():
            findings.add(pointer, "not_text", "Text is expected here", _shown(value))
            return None
        if len(value) > longest:
            findings.add(pointer, "too_long", f"At most {longest} characters", value[:20])
            return None
        return value

    return reader


def one_of(*choices: str) -> Reader:
    """One of these words."""

    def reader(value: Any, pointer: str, findings: Findings) -> str | None:
        if value in choices:
            return str(value)
        findings.add(pointer, "not_a_choice", f"One of {', '.join(choices)}", _shown(value))
        return None

    return reader


def number(places: int, *, least: Decimal = Decimal(0), above: bool = False) -> Reader:
    """A decimal string; a JSON number is refused, because it has been a float somewhere."""

    def reader(value: Any, pointer: str, findings: Findings) -> Decimal | None:
        match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            findings.add(pointer, "not_a_decimal", 'A decimal string such as "2.50"', _shown(value))
            return None
        if len(match[1] or "") > places:
            findings.add(pointer, "too_precise", f"At most {places} decimals", value)
            return None
        amount = Decimal(value)
        if amount < least or (above and amount == least):
            limit = "more than" if above else "at least"
            findings.add(pointer, "out_of_range", f"Must be {limit} {least}", value)
            return None
        return amount

    return reader


def flag(value: Any, pointer: str, findings: Findings) -> bool | None:
    """true or false."""
    if isinstance(value, bool):
        return value
    findings.add(pointer, "not_a_flag", "true or false", _shown(value))
    return None


def whole(value: Any, pointer: str, findings: Findings) -> int | None:
    """A whole number as JSON number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    findings.add(pointer, "not_whole", "A whole number", _shown(value))
    return None


def day(value: Any, pointer: str, findings: Findings) -> date | None:
    """YYYY-MM-DD."""
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    findings.add(pointer, "not_a_date", "A date such as 2026-11-02", _shown(value))
    return None


def moment(value: Any, pointer: str, findings: Findings) -> datetime | None:
    """RFC 3339 with a zone."""
    found = parse_moment(value)
    if found is None:
        findings.add(pointer, "not_a_time", "RFC 3339 with a zone", _shown(value))
    return found


def parse_moment(value: Any) -> datetime | None:
    """RFC 3339 with a zone, or None."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo is None or len(str(value)) < 16:
        return None
    return found.astimezone(UTC)


def many(reader: Reader, *, most: int = 100) -> Reader:
    """A list of such values."""

    def all_of(value: Any, pointer: str, findings: Findings) -> list[Any] | None:
        if not isinstance(value, list):
            findings.add(pointer, "not_a_list", "A list is expected here", _shown(value))
            return None
        if len(value) > most:
            findings.add(pointer, "too_many", f"At most {most}", len(value))
            return None
        return [reader(entry, f"{pointer}/{i}", findings) for i, entry in enumerate(value)]

    return all_of


def record(
    spec: Mapping[str, Reader], required: Collection[str] = (), read_only: Collection[str] = ()
) -> Reader:
    """A nested object."""

    def reader(value: Any, pointer: str, findings: Findings) -> dict[str, Any]:
        return read(value, spec, findings, required=required, read_only=read_only, pointer=pointer)

    return reader


def anything(value: Any, pointer: str, findings: Findings) -> Any:
    """Kept as it is."""
    del pointer, findings
    return value


_ADDRESS = {
    name: text(60)
    for name in (
        [
            "Name",
            "CompanyName",
            "Line1",
            "Line2",
            "Line3",
            "City",
            "State",
            "PostalCode",
            "Country",
            "Phone",
            "Email",
        ]
    )
}


def address(value: Any, pointer: str, findings: Findings) -> dict[str, Any]:
    """A postal address; someone, a street line, a city and a two-letter country are needed."""
    needed = ("Line1", "City", "Country")
    found = read(value, _ADDRESS, findings, required=needed, pointer=pointer)
    if isinstance(value, dict) and not (value.get("Name") or value.get("CompanyName")):
        findings.add(f"{pointer}/Name", "required", "Name or CompanyName is required")
    country = found.get("Country")
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        findings.add(f"{pointer}/Country", "not_a_country", "Two capital letters", country)
    return found


def money_text(amount: Decimal) -> str:
    """At least two decimals: 64.5 is "64.50", 0.0625 stays "0.0625"."""
    cents = amount.quantize(_CENT)
    return f"{cents:f}" if cents == amount else f"{amount.normalize():f}"


def quantity_text(quantity: Decimal) -> str:
    """No trailing zeros: "2", "2.5"."""
    if quantity == quantity.to_integral_value():
        return str(int(quantity))
    return f"{quantity.normalize():f}"


def moment_text(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whole_cents(amount: Decimal) -> bool:
    """True when it can be paid in cents."""
    return amount == amount.quantize(_CENT)


def _shown(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else type(value).__name__
