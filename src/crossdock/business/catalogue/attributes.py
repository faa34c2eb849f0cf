"""What a listing says: attributes from an item's fields, each with its source.

Selectors (marketplace, language) are added where the product type has them. A field that TIMS
leaves empty leaves its attribute out and is told; whether it was needed, the product type says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.kernel.terms import Term

OTHERS = frozenset({"fulfillment_availability", "purchasable_offer"})
"""Stock and prices have rules and writers of their own; a listing here never names them."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value of an attribute: from a field of the item, or always the same."""

    source: str = ""  # "Hazmat.UnNumber"; empty for a constant
    into: str = "value"  # "length.value" for a part of a part
    constant: Any = None
    words: Mapping[str, str] = field(default_factory=dict)  # TIMS's word -> Amazon's
    number: bool = False
    where: str = ""  # "catalogue.yaml line 12"


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """How one attribute is made."""

    name: str
    rows: tuple[ValueRow, ...]
    where: str = ""


@dataclass(slots=True)
class Built:
    """The attributes, where each value came from, and what could not be said."""

    attributes: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    said: list[Term] = field(default_factory=list)
    left_out: list[Term] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def build(
    rules: Sequence[AttributeRule],
    item: Mapping[str, Any],
    fields_of: Callable[[str], frozenset[str]],
    marketplace: str,
    language: str,
) -> Built:
    """`fields_of`: what an object of an attribute may say; nothing when the type has no such."""
    built = Built()
    for rule in rules:
        known = fields_of(rule.name)
        if not known:
            built.left_out.append(Term(rule.name, "", "the product type has no such attribute"))
            continue
        selectors = {}
        if "marketplace_id" in known:
            selectors["marketplace_id"] = marketplace
        if "language_tag" in known:
            selectors["language_tag"] = language
        objects = _objects(rule, item, built)
        if objects:
            built.attributes[rule.name] = tuple({**one, **selectors} for one in objects)
    return built


def _objects(rule: AttributeRule, item: Mapping[str, Any], built: Built) -> list[dict[str, Any]]:
    """One object of all rows; several where one row finds a list."""
    found = [(row, _values(rule.name, row, item, built)) for row in rule.rows]
    lacking = next((row for row, values in found if not values and not row.constant), None)
    if lacking is not None:
        why = f"TIMS has no {lacking.source}"
        built.left_out.append(Term(rule.name, "", f"{why} ({lacking.where})"))
        return []
    many = max(len(values) for _, values in found)
    objects: list[dict[str, Any]] = []
    for n in range(many):
        one: dict[str, Any] = {}
        for row, values in found:
            value = values[n] if n < len(values) else values[0]
            _set(one, row.into, value)
            source = f"item {row.source}" if row.source else "constant"
            name = rule.name if row.into == "value" else f"{rule.name}.{row.into}"
            built.said.append(Term(name, str(value), f"{source}, {row.where}"))
        objects.append(one)
    return objects


def _values(name: str, row: ValueRow, item: Mapping[str, Any], built: Built) -> list[Any]:
    if not row.source:
        return [row.constant]
    raw = look(item, row.source)
    values = raw if isinstance(raw, list) else [raw]
    made: list[Any] = []
    for value in values:
        text = _text(value)
        if not text:
            continue
        if row.words:
            if text not in row.words:
                built.problems.append(
                    f"{name}: nobody has said what {row.source} {text!r} is at Amazon ({row.where})"
                )
                continue
            text = row.words[text]
        if not row.number:
            made.append(text)
        elif (number := _number(text)) is not None:
            made.append(number)
        else:
            built.problems.append(f"{name}: {row.source} {text!r} is no number ({row.where})")
    return made


def look(value: Any, path: str) -> Any:
    """The field at a path such as Images.0.Url; of a list without a place, of each of it."""
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list | tuple) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, list | tuple):
            value = [one.get(part) for one in value if isinstance(one, Mapping)]
        else:
            return None
    return list(value) if isinstance(value, tuple) else value


def _text(value: Any) -> str:
    if value is None or isinstance(value, Mapping | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split())


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _set(one: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for part in outer:
        one = one.setdefault(part, {})
    one[last] = value
