"""Product types of our own making, in the shape of Amazon's: JSON Schema 2019-09 with selectors.

Every attribute is a list of objects; selectors say which of them may stand side by side.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

Schema = dict[str, Any]

LISTING, PRODUCT_ONLY, OFFER_ONLY = "LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"
META = "https://schemas.example/selling-partners/definitions/product-types/meta-schema/v1"
_ID = "https://schemas.example/selling-partners/definitions/product-types/schema/v1/"
_MARKET, _LANGUAGE = {"$ref": "#/$defs/marketplace_id"}, {"$ref": "#/$defs/language_tag"}
_LANGUAGES = {
    "ATVPDKIKX0DER": ("en_US", "es_US"), "A2EUQ1WTGCTBG2": ("en_CA", "fr_CA"),
    "A1AM78C64UM0Y8": ("es_MX",),
}  # fmt: skip
_CONDITIONS = ("new_new", "new_open_box", "refurbished_refurbished", "used_good")

OFFER = frozenset({
    "fulfillment_availability", "purchasable_offer", "condition_type", "condition_note",
    "list_price", "merchant_suggested_asin", "max_order_quantity", "merchant_shipping_group",
    "product_tax_code", "skip_offer",
})  # fmt: skip
_OFFER_NEEDS = ("condition_type", "merchant_suggested_asin")


def schema_of(
    name: str, requirements: str, marketplaces: Iterable[str], also_required: Iterable[str] = ()
) -> Schema:
    """The schema of a product type; a KeyError when there is no such type. A marketplace has
    languages of its own.
    """
    shops = sorted(marketplaces)
    languages = sorted({tongue for shop in shops for tongue in _LANGUAGES.get(shop, ("en_US",))})
    special, needed = TYPES[name]
    known = {**_SHARED, **special}
    required = [*needed, *also_required]
    if requirements == OFFER_ONLY:
        known = {n: part for n, part in known.items() if n in OFFER}
        required = list(_OFFER_NEEDS)
    elif requirements == PRODUCT_ONLY:
        known = {n: part for n, part in known.items() if n not in OFFER}
        required = [n for n in required if n not in OFFER]
    found: Schema = {
        "$schema": META,
        "$id": _ID + name,
        "$comment": "Made for rehearsals.",
        "$defs": {
            "marketplace_id": {"type": "string", "enum": shops},
            "language_tag": {"type": "string", "enum": languages},
        },
        "type": "object",
        "required": required,
        "properties": deepcopy(known),
        "additionalProperties": False,
    }
    if requirements != OFFER_ONLY:
        found["allOf"] = [deepcopy(_DANGEROUS)]
    return found


def title_of(name: str) -> str:
    """As people read it: "Welding Tool"."""
    return name.replace("_", " ").title()


def _attribute(
    title: str, fields: Schema, *, selectors: Iterable[str] = (), most: int = 1,
    required: Iterable[str] = ("value",),
) -> Schema:  # fmt: skip
    chosen = [*selectors, "marketplace_id"]
    known = {**fields, "marketplace_id": _MARKET}
    if "language_tag" in chosen:
        known["language_tag"] = _LANGUAGE
    return {
        "title": title, "type": "array", "minItems": 1, "minUniqueItems": 1,
        "maxUniqueItems": most, "selectors": chosen,
        "items": {
            "type": "object", "required": list(required), "properties": known,
            "additionalProperties": False,
        },
    }  # fmt: skip


def _text(title: str, longest: int, *, most: int = 1, spoken: bool = True) -> Schema:
    value = {"type": "string", "minLength": 1, "maxLength": longest}
    return _attribute(
        title, {"value": value}, selectors=("language_tag",) if spoken else (), most=most
    )


def _choice(title: str, *words: str, most: int = 1) -> Schema:
    return _attribute(title, {"value": {"type": "string", "enum": list(words)}}, most=most)


def _measure(title: str, *units: str) -> Schema:
    fields = {
        "value": {"type": "number", "exclusiveMinimum": 0},
        "unit": {"type": "string", "enum": list(units)},
    }
    return _attribute(title, fields, required=("value", "unit"))


def _images(most: int) -> dict[str, Schema]:
    """Slots for more images than the main one; most types have eight."""
    return {f"other_product_image_locator_{n}": _link("Other Image") for n in range(1, most + 1)}


def _link(title: str) -> Schema:
    where = {"type": "string", "pattern": "^https?://", "maxLength": 2000}
    return _attribute(title, {"media_location": where}, required=("media_location",))


_IDENTIFIER = _attribute(
    "External Product ID",
    {
        "type": {"type": "string", "enum": ["ean", "gtin", "upc"]},
        "value": {"type": "string", "pattern": "^[0-9]{8,14}$"},
    },
    selectors=("type",), required=("type", "value"),
)  # fmt: skip
_HAZMAT = _attribute(
    "Hazmat",
    {
        "aspect": {"type": "string", "enum": ["united_nations_regulatory_id"]},
        "value": {"type": "string", "pattern": "^UN[0-9]{4}$"},
    },
    selectors=("aspect",), required=("aspect", "value"),
)  # fmt: skip
_ANYTHING: Schema = {"type": "array", "items": {"type": "object"}}
_SHARED: Schema = {
    "item_name": _text("Title", 200),
    "brand": _text("Brand", 50),
    "product_description": _text("Description", 2000),
    "bullet_point": _text("Bullet Point", 500, most=5),
    "manufacturer": _text("Manufacturer", 100),
    "part_number": _text("Part Number", 40, spoken=False),
    "country_of_origin": _choice("Country of Origin", "CN", "DE", "IT", "MX", "SE", "US"),
    "externally_assigned_product_identifier": _IDENTIFIER,
    "item_weight": _measure("Item Weight", "grams", "kilograms", "ounces", "pounds"),
    "main_product_image_locator": _link("Main Image"),
    "supplier_declared_dg_hz_regulation": _choice(
        "Dangerous Goods Regulations", "ghs", "not_applicable", "storage", "transportation", most=5
    ),
    "hazmat": _HAZMAT,
    "safety_data_sheet_url": _attribute(
        "Safety Data Sheet", {"value": {"type": "string", "pattern": "^https?://"}},
        selectors=("language_tag",),
    ),
    "condition_type": _choice("Condition", *_CONDITIONS),
    "merchant_suggested_asin": _attribute(
        "Merchant Suggested ASIN", {"value": {"type": "string", "pattern": "^[A-Z0-9]{10}$"}},
        selectors=("value",),
    ),
    **dict.fromkeys(sorted(OFFER - set(_OFFER_NEEDS)), _ANYTHING),
}  # fmt: skip

_DANGEROUS: Schema = {
    "if": {
        "required": ["supplier_declared_dg_hz_regulation"],
        "properties": {
            "supplier_declared_dg_hz_regulation": {
                "contains": {"properties": {"value": {"const": "transportation"}}}
            }
        },
    },
    "then": {"required": ["hazmat", "safety_data_sheet_url"]},
}

_ALWAYS = (
    "item_name", "brand", "country_of_origin", "condition_type",
    "supplier_declared_dg_hz_regulation",
)  # fmt: skip

TYPES: dict[str, tuple[Schema, tuple[str, ...]]] = {
    "WELDING_TOOL": (
        {
            "power_source_type": _choice("Power Source", "battery", "corded", "gas", "manual"),
            **_images(8),
        },
        (*_ALWAYS, "part_number"),
    ),
    "PROTECTIVE_GLOVE": (
        {
            "size": _choice("Size", "small", "medium", "large", "x_large"),
            "outer_material_type": _text("Outer Material", 60),
            **_images(1),
        },
        (*_ALWAYS, "size"),
    ),
}
"""By name: what it has beyond the shared attributes, and what it needs."""

_USUAL = ("language_tag", "marketplace_id")
_ELSEWHERE = {"list_price": ("currency", "marketplace_id")}


def selectors_of(name: str) -> tuple[str, ...]:
    """What tells the objects of an attribute apart, in every type that has it."""
    every = {**_SHARED, **{n: part for special, _ in TYPES.values() for n, part in special.items()}}
    found = every.get(name, {}).get("selectors") or _ELSEWHERE.get(name, _USUAL)
    return tuple(found)
