"""What a product type asks for: Amazon's JSON Schema with its own words, read and applied here.

Amazon describes attributes in draft 2019-09 with a few keywords of its own. They are judged here as
Amazon documents them; what a schema says beyond that is left to Amazon's preview.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from crossdock.connectors.amazon.product_models import Attributes
from crossdock.kernel.errors import Defect

MOST_PROBLEMS = 50
_USUAL_SELECTORS = frozenset({"language_tag", "marketplace_id"})


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One thing that does not fit, in words."""

    attribute: str
    what: str

    def __str__(self) -> str:
        return f"{self.attribute}: {self.what}" if self.attribute else self.what


class ProductSchema:
    """One product type's schema."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._schema: dict[str, Any] = json.loads(text)

    @property
    def required(self) -> tuple[str, ...]:
        """Attributes that no listing of it may lack."""
        return tuple(self._schema.get("required", ()))

    def knows(self, attribute: str) -> bool:
        """The product type has such an attribute."""
        return attribute in self._properties

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute it has."""
        return tuple(self._properties)

    def fields(self, attribute: str) -> frozenset[str]:
        """What one object of the attribute may say: value, unit, marketplace_id, language_tag."""
        items = self._properties.get(attribute, {}).get("items", {})
        return frozenset(items.get("properties", {}))

    def selectors(self, attribute: str) -> tuple[str, ...]:
        """The fields by which its objects are told apart; a deletion names them."""
        told = self._properties.get(attribute, {}).get("selectors")
        return tuple(told or sorted(self.fields(attribute) & _USUAL_SELECTORS))

    def problems(self, attributes: Attributes) -> list[SchemaProblem]:
        """Everything that does not fit; the first fifty."""
        from referencing.exceptions import Unresolvable

        found: dict[SchemaProblem, None] = {}
        try:
            for error in self._validator.iter_errors(attributes):
                found |= dict.fromkeys(_told(error))
                if len(found) >= MOST_PROBLEMS:
                    break
        except Unresolvable as error:
            raise Defect(
                f"the schema of {self.name} refers to what it does not hold",
                reproduce={"reference": str(error)[:300]},
            ) from error
        return list(found)

    @property
    def _properties(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._schema.get("properties", {})
        return found

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft201909Validator
        from jsonschema.validators import extend
        from referencing import Registry

        words = {
            "maxUniqueItems": _most, "minUniqueItems": _least, "maxUtf8ByteLength": _bytes_most,
            "minUtf8ByteLength": _bytes_least,
        }  # fmt: skip
        # The registry of its own keeps the library from fetching what a schema refers to.
        return extend(Draft201909Validator, words)(self._schema, registry=Registry())


@lru_cache(maxsize=64)
def product_schema(name: str, text: str) -> ProductSchema:
    """The schema, read once."""
    return ProductSchema(name, text)


def _told(error: Any) -> Iterator[SchemaProblem]:
    """The problem in words that name attribute and value, without the schema around it."""
    path = list(error.absolute_path)
    attribute = str(path[0]) if path else ""
    if error.validator == "required":
        missing = [n for n in error.validator_value if f"{n!r}" in error.message]
        for name in missing:
            if not path:
                yield SchemaProblem(str(name), "is required, and nothing says it")
            else:
                yield SchemaProblem(attribute, f"lacks its {name}")
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for name in sorted(set(error.instance) - set(known)):
            yield SchemaProblem(attribute or name, "is not known to this product type"
                                if not path else f"has no field {name}")  # fmt: skip
    elif error.validator == "enum":
        allowed = ", ".join(str(x) for x in error.validator_value[:12])
        yield SchemaProblem(attribute, f"{_short(error.instance)} is none of {allowed}")
    elif error.validator == "maxLength":
        most, length = error.validator_value, len(error.instance)
        yield SchemaProblem(attribute, f"has {length} characters, {most} are allowed")
    elif error.validator in ("anyOf", "oneOf") and error.context:
        yield from _told(error.context[0])
    else:
        yield SchemaProblem(attribute, error.message[:200])


def _short(value: object) -> str:
    return repr(value)[:60]


def _most(_: Any, most: int, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from _counted(instance, schema, most, more=True)


def _least(_: Any, least: int, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from _counted(instance, schema, least, more=False)


def _counted(instance: Any, schema: Mapping[str, Any], bound: int, *, more: bool) -> Iterator[Any]:
    """How many objects may stand under the same selectors."""
    from jsonschema.exceptions import ValidationError

    if not isinstance(instance, list) or not all(isinstance(row, dict) for row in instance):
        return
    for count in _by_selectors(instance, schema.get("selectors", ())).values():
        if more and count > bound:
            yield ValidationError(f"is said {count} times, {bound} are allowed")
        if not more and count < bound:
            yield ValidationError(f"is said {count} times, {bound} are needed")


def _by_selectors(rows: Iterable[Mapping[str, Any]], selectors: Iterable[str]) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    chosen = tuple(selectors)
    for row in rows:
        key = tuple(str(row.get(name)) for name in chosen)
        counts[key] = counts.get(key, 0) + 1
    return counts


def _bytes_most(_: Any, most: int, instance: Any, __: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and len(instance.encode()) > most:
        yield ValidationError(f"has {len(instance.encode())} bytes, {most} are allowed")


def _bytes_least(_: Any, least: int, instance: Any, __: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and len(instance.encode()) < least:
        yield ValidationError(f"has {len(instance.encode())} bytes, {least} are needed")
