"""catalogue.yaml of a workspace: which items become listings of which product type, and what they
say. A faulty rule holds its own SKUs alone, a faulty attribute those whose product type has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from crossdock import business
from crossdock.business.catalogue.attributes import OTHERS, AttributeRule, ValueRow
from crossdock.connectors.amazon.marketplaces import MARKETPLACES
from crossdock.connectors.tims.item_models import CatalogueItem
from crossdock.kernel.errors import ConfigError, Problem, nearest
from crossdock.lang.document import Cell, read_document

FILE = "catalogue.yaml"
LISTING, OFFER_ONLY = "LISTING", "LISTING_OFFER_ONLY"
KEEP, DELETE = "keep", "delete"
_KEYS = (
    "version", "publish", "discontinued", "language", "marketplaces", "sds_years", "channels",
    "rules", "asins", "attributes",
)  # fmt: skip
_RULE_KEYS = (
    "skus", "classes", "brands", "product_type", "requirements", "marketplaces", "leave",
    "attributes",
)  # fmt: skip
_SHOP_KEYS = ("language", "asins", "attributes")
_VALUE_KEYS = ("from", "value", "into", "words", "number")
_SHIPPED = Path(business.__file__).parent / "catalogue" / "attributes.yaml"
_FIELDS = tuple(CatalogueItem.model_fields)


@dataclass(frozen=True, slots=True)
class ListingRule:
    """How SKUs that fit are listed. An empty condition fits everything."""

    where: str
    skus: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    product_type: str = ""
    requirements: str = OFFER_ONLY
    leave: bool = False  # the catalogue does not touch them
    attributes: tuple[AttributeRule, ...] = ()
    fault: str = ""
    marketplaces: tuple[str, ...] = ()  # none: all that the file lists in

    def fits(self, sku: str, item: CatalogueItem) -> bool:
        """Whether it is meant for this SKU of that item."""
        return (
            _fits(self.skus, sku)
            and _fits(self.classes, item.ItemClass or "")
            and _fits(self.brands, item.Brand or "")
        )


@dataclass(frozen=True, slots=True)
class ShopRule:
    """A marketplace that the file lists in, and what is said otherwise there."""

    line: int = 0
    language: str = ""  # empty: the file's
    asins: Mapping[str, str] = field(default_factory=dict)
    attributes: tuple[AttributeRule, ...] = ()
    fault: str = ""

    @property
    def where(self) -> str:
        """Where it stands in the file."""
        return f"{FILE} line {self.line}"


_PLAIN = ShopRule()


@dataclass(frozen=True, slots=True)
class CatalogueRules:
    """What the file says, and what is wrong with it."""

    rules: tuple[ListingRule, ...] = ()
    publish: bool = False
    planned: bool = False  # every write waits until somebody has approved it
    discontinued: str = KEEP
    language: str = "en_US"
    sds_years: int = 3
    channels: tuple[str, ...] = ("AMAZON", "MARKETPLACE", "ONLINE")
    asins: Mapping[str, str] = field(default_factory=dict)
    attributes: tuple[AttributeRule, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)  # attribute -> what is wrong with it
    problems: tuple[Problem, ...] = ()
    shops: Mapping[str, ShopRule] = field(default_factory=dict)  # none: the account's first
    shops_fault: str = ""  # nobody knows for sure which marketplaces are meant

    def find(self, sku: str, item: CatalogueItem) -> ListingRule | None:
        """The first rule that fits. None: nobody has decided."""
        return next((rule for rule in self.rules if rule.fits(sku, item)), None)

    def listed_in(self, rule: ListingRule, first: str) -> tuple[str, ...]:
        """The marketplaces where a rule's SKUs are listed; `first` is the account's."""
        return rule.marketplaces or tuple(self.shops) or (first,)

    def language_in(self, shop: str) -> str:
        """What its texts are written in."""
        return self.shops.get(shop, _PLAIN).language or self.language

    def page_in(self, shop: str, sku: str) -> str:
        """The page that a person named; the marketplace's own before the file's."""
        return self.shops.get(shop, _PLAIN).asins.get(sku) or self.asins.get(sku, "")

    def attributes_of(self, rule: ListingRule, shop: str) -> tuple[AttributeRule, ...]:
        """The shipped attributes; over them the file's, the rule's and the marketplace's own."""
        own = self.shops.get(shop, _PLAIN).attributes
        named = {one.name: one for one in (*self.attributes, *rule.attributes, *own)}
        return tuple(one for one in named.values() if one.rows)


def read_catalogue_rules(workspace: Path) -> CatalogueRules:
    """The file as it is now; no rules when there is none. A ConfigError when it is no document."""
    path = workspace / FILE
    text = path.read_bytes() if path.exists() else b"version: 1"
    shipped = _Reader(_SHIPPED.name)
    defaults = shipped.attributes(_top(_SHIPPED.read_bytes(), shipped).get("attributes"))
    reader = _Reader(FILE)
    top = _top(text, reader)
    for name, cell in top.items():
        if name not in _KEYS:
            reader.problem(cell, f"{name!r} is unknown.", nearest(name, _KEYS))
    rows = top.get("rules")
    cells = rows.value if rows is not None and isinstance(rows.value, list) else []
    if rows is not None and rows.value is not None and not isinstance(rows.value, list):
        reader.problem(rows, "rules is no list.", "Begin each rule with a dash.")
    before, publish = CatalogueRules(), top.get("publish")
    planned = publish is not None and publish.value == "plan"
    shops, shops_fault = reader.shops(top.get("marketplaces"))
    return CatalogueRules(
        shops=shops,
        shops_fault=shops_fault,
        rules=tuple(reader.rule(cell, shops) for cell in cells),
        publish=planned or reader.switch(top.get("publish"), "publish", default=False),
        planned=planned,
        discontinued=reader.one_of(top.get("discontinued"), (KEEP, DELETE), KEEP),
        language=reader.text(top.get("language"), "language", before.language),
        sds_years=reader.years(top.get("sds_years"), before.sds_years),
        channels=reader.texts(top.get("channels"), "channels") or before.channels,
        asins=reader.asins(top.get("asins")),
        attributes=(*defaults, *reader.attributes(top.get("attributes"))),
        faults=reader.faults,
        problems=(*shipped.problems, *reader.problems),
    )


def _top(text: bytes, reader: "_Reader") -> Mapping[str, Cell]:
    root, problems = read_document(text, reader.file)
    if root is None or not isinstance(root.value, dict):
        line = Problem(reader.file, "line 1", "is not a map of settings.")
        raise ConfigError(problems or [line])
    reader.problems += problems
    return root.value


def _fits(patterns: Sequence[str], text: str) -> bool:
    folded = text.casefold()
    return not patterns or any(fnmatchcase(folded, p.casefold()) for p in patterns)


class _Reader:
    """Reads cells and remembers every fault with its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.faults: dict[str, str] = {}

    def shops(self, cell: Cell | None) -> tuple[dict[str, ShopRule], str]:
        """The marketplaces to list in, by id, and the first fault of which these are."""
        if cell is None:
            return {}, ""
        before, found = len(self.problems), {}
        rows = cell.value if isinstance(cell.value, dict) else {}
        if not rows:
            self.problem(cell, "marketplaces names none.", "Such as A2EUQ1WTGCTBG2: en_CA.")
        for name, one in rows.items():
            if name not in MARKETPLACES:
                self.problem(
                    one, f"Amazon has no marketplace {name}.", nearest(name, tuple(MARKETPLACES))
                )
        fault = str(self.problems[before]) if len(self.problems) > before else ""
        for name, one in rows.items():
            if name in MARKETPLACES:
                found[name] = self._shop(one)
        return found, fault

    def _shop(self, cell: Cell) -> ShopRule:
        """A language alone, or a map; what is wrong with it holds the SKUs there alone."""
        before = len(self.problems)
        row = cell.value if isinstance(cell.value, dict) else {"language": cell}
        for name, other in row.items():
            if name not in _SHOP_KEYS:
                self.problem(other, f"{name!r} is unknown.", nearest(name, _SHOP_KEYS))
        spoken = row.get("language")
        known = None if spoken is None or spoken.value is None else spoken
        language = self.text(known, "language", "")
        own, self.faults = self.faults, {}
        attributes = self.attributes(row.get("attributes"))
        self.faults = own
        asins = self.asins(row.get("asins"))
        fault = str(self.problems[before]) if len(self.problems) > before else ""
        return ShopRule(cell.line, language, asins, attributes, fault)

    def rule(self, cell: Cell, shops: Mapping[str, ShopRule]) -> ListingRule:
        """The rule; what is wrong with it stands in `fault`, so that its SKUs wait."""
        before, where = len(self.problems), f"{self.file} line {cell.line}"
        row = cell.value if isinstance(cell.value, dict) else {}
        for name, other in row.items():
            if name not in _RULE_KEYS:
                self.problem(other, f"{name!r} is unknown.", nearest(name, _RULE_KEYS))
        chosen = {n: self.texts(row.get(n), n) for n in ("skus", "classes", "brands")}
        if not any(chosen.values()):
            self.problem(cell, "a rule for nobody.", 'Such as skus: [WLD-*], or skus: ["*"].')
        leave = self.switch(row.get("leave"), "leave", default=False)
        product_type = self.text(row.get("product_type"), "product_type", "")
        if not leave and not product_type:
            self.problem(cell, "a rule without product_type.", "Or leave: yes, to list nothing.")
        choices = (LISTING, OFFER_ONLY)
        requirements = self.one_of(row.get("requirements"), choices, OFFER_ONLY)
        marketplaces = self._listed_in(row.get("marketplaces"), shops)
        own, self.faults = self.faults, {}
        attributes = self.attributes(row.get("attributes"))
        self.faults = own
        fault = str(self.problems[before]) if len(self.problems) > before else ""
        return ListingRule(
            where, chosen["skus"], chosen["classes"], chosen["brands"], product_type,
            requirements, leave, attributes, fault, marketplaces,
        )  # fmt: skip

    def _listed_in(self, cell: Cell | None, shops: Mapping[str, ShopRule]) -> tuple[str, ...]:
        """Some of the file's marketplaces."""
        found = self.texts(cell, "marketplaces")
        if cell is not None and not found:
            self.problem(cell, "marketplaces names none.", "Or leave: yes, to list nothing.")
        for name in found:
            if cell is not None and name not in shops:
                fix = nearest(name, tuple(shops)) or "Name it under marketplaces of the file first."
                self.problem(cell, f"{name} is none of the file's marketplaces.", fix)
        return found

    def attributes(self, cell: Cell | None) -> tuple[AttributeRule, ...]:
        """By name; an attribute that is null is taken out."""
        if cell is None or cell.value is None:
            return ()
        if not isinstance(cell.value, dict):
            self.problem(cell, "attributes is no map.", "Such as item_name: Description.")
            return ()
        return tuple(self._attribute(name, one) for name, one in cell.value.items())

    def _attribute(self, name: str, cell: Cell) -> AttributeRule:
        before = len(self.problems)
        if name in OTHERS:
            self.problem(cell, f"{name} is not written here.", "Stock and prices write it.")
        rows = cell.value if isinstance(cell.value, list) else [cell]
        made = [self._value(name, row) for row in rows if row.value is not None]
        if len(self.problems) > before:
            self.faults[name] = str(self.problems[before])
        return AttributeRule(
            name, tuple(row for row in made if row is not None), f"{self.file} line {cell.line}"
        )

    def _value(self, name: str, cell: Cell) -> ValueRow | None:
        where = f"{self.file} line {cell.line}"
        if isinstance(cell.value, str):
            return ValueRow(self._source(cell), where=where)
        if not isinstance(cell.value, dict):
            self.problem(cell, f"{name} says nothing.", "A field of the item, or {value: ...}.")
            return None
        row = cell.value
        for key, other in row.items():
            if key not in _VALUE_KEYS:
                self.problem(other, f"{key!r} is unknown.", nearest(key, _VALUE_KEYS))
        source, constant = row.get("from"), row.get("value")
        if (source is None) == (constant is None):
            self.problem(cell, f"{name} needs one of from and value.", "From an item's field.")
            return None
        return ValueRow(
            self._source(source) if source is not None else "",
            self.text(row.get("into"), "into", "value"),
            constant.plain if constant is not None else None,
            self._words(row.get("words")),
            self.switch(row.get("number"), "number", default=False),
            where,
        )

    def _source(self, cell: Cell) -> str:
        text = str(cell.value or "") if not isinstance(cell.value, dict | list) else cell.shown
        first = text.partition(".")[0]
        if first not in _FIELDS:
            self.problem(cell, f"an item has no field {first!r}.", nearest(first, _FIELDS))
        return text

    def _words(self, cell: Cell | None) -> Mapping[str, str]:
        if cell is None or cell.value is None:
            return {}
        if not isinstance(cell.value, dict):
            self.problem(cell, "words is no map.", "Such as words: {LB: pounds}.")
            return {}
        for name, one in cell.value.items():
            if isinstance(one.value, dict | list):
                self.problem(one, f"words: {name} is {one.shown}.", "It takes one text.")
        return {name: str(one.plain) for name, one in cell.value.items()}

    def asins(self, cell: Cell | None) -> Mapping[str, str]:
        """SKU to ASIN, named by a person."""
        if cell is None or cell.value is None:
            return {}
        if not isinstance(cell.value, dict):
            self.problem(cell, "asins is no map.", "Such as asins: {MY-SKU: B000000001}.")
            return {}
        found = {}
        for sku, one in cell.value.items():
            asin = str(one.value or "") if not isinstance(one.value, dict | list) else ""
            if len(asin) != 10 or not asin.isascii() or not asin.isalnum() or asin != asin.upper():
                self.problem(one, f"{one.shown} of {sku} is no ASIN.", "Ten capitals and digits.")
            else:
                found[sku] = asin
        return found

    # --- single values

    def switch(self, cell: Cell | None, name: str, *, default: bool) -> bool:
        """on or off."""
        if cell is None:
            return default
        if cell.value in (True, "on", "yes"):
            return True
        if cell.value not in (False, "off", "no"):
            self.problem(cell, f"{name} {cell.shown}.", "Write on or off.")
        return False

    def one_of(self, cell: Cell | None, valid: Sequence[str], default: str) -> str:
        """One of these words."""
        if cell is None or cell.value in valid:
            return default if cell is None else str(cell.value)
        self.problem(cell, f"{cell.shown} is unknown.", nearest(cell.shown.strip("'"), valid))
        return default

    def text(self, cell: Cell | None, name: str, default: str) -> str:
        """Text that is not empty."""
        if cell is None:
            return default
        if not isinstance(cell.value, str) or not cell.value.strip():
            self.problem(cell, f"{name} {cell.shown} is no text.")
            return default
        return cell.value.strip()

    def texts(self, cell: Cell | None, name: str) -> tuple[str, ...]:
        """One text or a list of them."""
        if cell is None:
            return ()
        values = cell.value if isinstance(cell.value, list) else [cell]
        texts = tuple(str(v.value) for v in values if v.value not in (None, ""))
        if len(texts) != len(values) or any(isinstance(v.value, list | dict) for v in values):
            self.problem(cell, f"{name} holds something that is no text.")
        return texts

    def years(self, cell: Cell | None, default: int) -> int:
        """A whole number of years, one at least."""
        if cell is None:
            return default
        if not isinstance(cell.value, int) or isinstance(cell.value, bool) or cell.value < 1:
            self.problem(cell, f"sds_years {cell.shown} is no number of years.", "Such as 3.")
            return default
        return cell.value

    def problem(self, cell: Cell, what: str, fix: str = "") -> None:
        """Remember a fault with its line."""
        self.problems.append(Problem(self.file, f"line {cell.line}", what, fix))
