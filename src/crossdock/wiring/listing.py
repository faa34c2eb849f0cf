"""One SKU's listing in one marketplace, worked out with Amazon: which page, what is restricted,
what would be said.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.business.catalogue.attributes import OTHERS, build
from crossdock.business.catalogue.drift import spare
from crossdock.business.catalogue.eligibility import un_number
from crossdock.business.catalogue.matching import match, number_of, shortest
from crossdock.business.catalogue.model import Decision, Match, Page, Plan, Shown, Verdict
from crossdock.connectors.amazon.catalog import Pages, pages_with, restrictions_on
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.definitions import SchemaShelf, schema_for
from crossdock.connectors.amazon.listing_models import MERCHANT
from crossdock.connectors.amazon.listing_writes import plain, shown_listings
from crossdock.connectors.amazon.product_models import CatalogItem, Restriction, ShownListing
from crossdock.connectors.amazon.schemas import ProductSchema, product_schema
from crossdock.connectors.tims.item_models import CatalogueItem
from crossdock.kernel.errors import ConfigError, NeedsPerson, RunError
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.terms import Term
from crossdock.wiring.cataloguerules import FILE, LISTING, ListingRule
from crossdock.wiring.cataloguing import CatalogueDesk, Judged, broken, faulty_shop

NUMBER = "externally_assigned_product_identifier"
EXEMPT = "supplier_declared_has_product_identifier_exemption"
SUGGESTED = "merchant_suggested_asin"
BEGINNING: Mapping[str, Any] = {"fulfillment_channel_code": MERCHANT, "quantity": 0}
"""A new listing begins with nothing for sale; the stock rules say how much there is."""

_NUMBER_KINDS = {12: "upc", 13: "ean", 14: "gtin"}


@dataclass
class Study:
    """Everything that was decided of a SKU, and what stands in the way."""

    judged: Judged
    plan: Plan | None = None
    match: Match | None = None
    problems: list[RunError] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Amazon is to be asked: nothing is left to a person, and it is not left alone."""
        return not self.problems and not (self.plan is not None and self.plan.left_alone)

    @property
    def said(self) -> tuple[Term, ...]:
        """Every step with its source."""
        return self.plan.said if self.plan is not None else tuple(self.judged.said)


@dataclass(frozen=True, slots=True)
class Nearby:
    """What Amazon said of many SKUs at once: their listings, and pages with their numbers."""

    live: Mapping[str, ShownListing] = field(default_factory=dict)
    pages: Pages | None = None  # None: not asked yet


class Lister:
    """Works out listings of one seller."""

    def __init__(self, desk: CatalogueDesk, amazon: AmazonClient, shelf: SchemaShelf) -> None:
        self.desk, self.amazon, self.shelf = desk, amazon, shelf

    def plan(self, key: str) -> Plan:
        """What is to be at Amazon; the first thing that a person has to settle is raised."""
        (found,) = self.plan_many([(key,)])
        if isinstance(found.result, Plan):
            return found.result
        raise found.result if isinstance(found.result, BaseException) else TypeError(found.result)

    def plan_many(self, rows: Sequence[tuple[Any, ...]]) -> list[Noted]:
        """A plan or an error for each. TIMS's items, Amazon's listings and the pages of its
        catalogue are asked for all at once.
        """
        items = self.desk.every_item()
        judged = [noted(self.judge, row[0], items) for row in rows]
        shops: dict[str, list[Study]] = {}
        for one in judged:
            if isinstance(one.result, Study) and one.result.asks:
                shops.setdefault(one.result.judged.place.marketplace_id, []).append(one.result)
        near = {shop: noted(self._nearby, shop, studies) for shop, studies in shops.items()}
        return [self._noted(one, near) for one in judged]

    def _noted(self, first: Noted, near: Mapping[str, Noted]) -> Noted:
        """The plan of one. What keeps a marketplace from being asked is its own SKUs' alone."""
        study = first.result
        if not isinstance(study, Study):
            return first
        if not study.asks:
            return Noted(_outcome(study), first.calls)
        place, asked = study.judged.place, near[study.judged.place.marketplace_id]
        if isinstance(asked.result, Nearby):
            second = noted(self._planned, study, asked.result)
        elif isinstance(asked.result, RunError):
            second = Noted(copy(asked.result), ())
        else:
            return Noted(asked.result, (*first.calls, *asked.calls))
        result = _outcome(second.result)
        told = place.about(result) if isinstance(result, RunError) else result
        return Noted(told, (*first.calls, *asked.calls, *second.calls))

    def study(
        self, key: str, *, items: Mapping[str, CatalogueItem] | None = None,
        near: Nearby | None = None,
    ) -> Study:  # fmt: skip
        """Every decision, as far as it can be made, also beyond the first question."""
        study = self.judge(key, items)
        if study.judged.item is None:
            return study
        try:
            shop = study.judged.place.marketplace_id
            return self._planned(study, near if near is not None else self._nearby(shop, [study]))
        except NeedsPerson as problem:
            study.problems.append(problem)
            return study

    def judge(self, key: str, items: Mapping[str, CatalogueItem] | None = None) -> Study:
        """What the files and TIMS say; Amazon is not asked."""
        place = self.desk.places.of(key)
        try:
            judged = self.desk.judge(key, items)
            plan = judged.ended(delete=self.desk.delete)
            if judged.unwanted and self.desk.rules.shops_fault and plan is not None:
                plan = replace(plan, left_alone=self.desk.rules.shops_fault)
        except ConfigError as error:
            judged, plan = Judged(place, problems=[broken(error, place.sku)]), None
        problems = list(judged.problems)
        if judged.fault:
            problems.append(faulty_shop(place, judged.fault))
        return Study(judged, plan, problems=problems)

    def _nearby(self, shop: str, studies: Sequence[Study]) -> Nearby:
        live = shown_listings(self.amazon, shop, [study.judged.sku for study in studies])
        numbers = set()
        for study in studies:
            judged, listing = study.judged, live.get(study.judged.sku)
            if study.plan is None and judged.item is not None and not _page_of(listing):
                gtin, _ = _gtin(judged, judged.item)
                if gtin and not self.desk.rules.page_in(shop, judged.sku):
                    numbers.add(shortest(gtin))
        return Nearby(live, pages_with(self.amazon, shop, numbers))

    def _planned(self, study: Study, near: Nearby) -> Study:
        live = near.live.get(study.judged.sku)
        shown = shown_of(live) if live is not None else None
        item, rule = study.judged.item, study.judged.rule
        if study.plan is not None:
            study.plan = replace(study.plan, shown=shown)
        elif item is not None and rule is not None and not (rule.fault or rule.leave):
            self._with_amazon(study, item, rule, shown, near)
        return study

    def _with_amazon(
        self, study: Study, item: CatalogueItem, rule: ListingRule, shown: Shown | None,
        near: Nearby,
    ) -> None:  # fmt: skip
        judged, rules = study.judged, self.desk.rules
        shop = judged.place.marketplace_id
        gtin, why = _gtin(judged, item)
        judged.said.append(Term("number", shortest(gtin) if gtin else "none", why))
        exempt = any(one.name == EXEMPT for one in rules.attributes_of(rule, shop))
        chosen, listed = rules.page_in(shop, judged.sku), shown.asin if shown is not None else ""
        number = shortest(gtin) if gtin and not chosen and not listed else ""
        pages = near.pages
        if pages is None:
            pages = pages_with(self.amazon, shop, [number] if number else [])
        if number in pages.unasked:
            raise copy(pages.unasked[number])
        some = [_page(one) for one in pages.found]
        found = study.match = match(gtin, why, some, chosen, listed)
        judged.said.append(Term("page", found.asin or "none", found.how))
        if found.question and not (exempt and not found.candidates):
            study.problems.append(_unclear(judged.sku, found.question, found))
        elif not found.asin and rule.requirements != LISTING:
            lacking = f"{found.how}, and the rule offers on pages that exist"
            study.problems.append(_unclear(judged.sku, lacking, found))
        if found.asin and shown is None:
            self._restrictions(study, found.asin)
        self._listing(study, item, rule, gtin, shown)

    def _restrictions(self, study: Study, asin: str) -> None:
        found = restrictions_on(self.amazon, study.judged.place.marketplace_id, asin)
        if not found:
            study.judged.said.append(Term("restrictions", "none", f"Amazon, for {asin}"))
            return
        told = _restricted(study.judged.sku, asin, found)
        study.judged.said.append(Term("restrictions", told.message, f"Amazon, for {asin}"))
        study.problems.append(told)

    def _listing(
        self, study: Study, item: CatalogueItem, rule: ListingRule, gtin: str, shown: Shown | None
    ) -> None:
        """The attributes, and whether they fit the product type."""
        judged, rules = study.judged, self.desk.rules
        decision = judged.decision
        if decision is None:
            return
        shop = judged.place.marketplace_id
        kept = schema_for(self.amazon, self.shelf, shop, rule.product_type, rule.requirements)
        schema = product_schema(rule.product_type, kept.text)
        source = f"version {kept.version or '?'}, checksum {kept.checksum}"
        judged.said.append(Term("product type", rule.product_type, source))
        own = rules.attributes_of(rule, shop)
        tongue = rules.language_in(shop)
        built = build(own, _fields(item), schema.fields, shop, tongue)
        asin = study.match.asin if study.match is not None else ""
        if asin and schema.knows(SUGGESTED):
            built.attributes[SUGGESTED] = ({"value": asin, "marketplace_id": shop},)
            built.said.append(Term(SUGGESTED, asin, "the page"))
        if gtin and NUMBER not in built.attributes and schema.knows(NUMBER):
            number = shortest(gtin)
            kind = _NUMBER_KINDS[len(number)]
            built.attributes[NUMBER] = ({"type": kind, "value": number, "marketplace_id": shop},)
            built.said.append(Term(NUMBER, f"{kind} {number}", "the number"))
        judged.said += built.said
        judged.said += [Term(one.what, "left out", one.source) for one in built.left_out]
        faults = [rules.faults[name] for name in schema.attributes if name in rules.faults]
        wrong = [*faults, *built.problems, *_problems(schema, built.attributes)]
        if not asin:  # that the page is missing was said before
            wrong = [words for words in wrong if not words.startswith(f"{SUGGESTED}:")]
        if wrong:
            study.problems.append(invalid(judged.sku, wrong))
        study.plan = replace(
            judged.planned(decision), product_type=rule.product_type,
            requirements=rule.requirements, asin=asin, attributes=built.attributes, shown=shown,
            spare=spare(shown, built.attributes, shop, tongue, schema.selectors) if shown else {},
        )  # fmt: skip


def shown_of(live: ShownListing) -> Shown:
    """The listing in our words. Issues of stock and prices, which have runs of their own, are left
    out.
    """
    summary = live.summary
    issues = (
        f"{issue.code} {issue.message}".strip()
        for issue in live.issues
        if issue.severity == "ERROR"
        and not (issue.attributeNames and set(issue.attributeNames) <= OTHERS)
    )
    return Shown(
        live.sku, _page_of(live), live.product_type, summary.itemName if summary else "",
        {name: tuple(rows) for name, rows in live.attributes.items() if isinstance(rows, list)},
        live.quantity, tuple(issues), shows=summary is not None, by_amazon=live.by_amazon,
    )  # fmt: skip


def _page_of(live: ShownListing | None) -> str:
    return live.summary.asin if live is not None and live.summary is not None else ""


def _outcome(result: object) -> object:
    """The plan, or the first thing that a person has to settle. What is wrong with the SKU itself
    is told in the first marketplace alone.
    """
    if not isinstance(result, Study):
        return result
    judged = result.judged
    if judged.asked_elsewhere:
        told = judged.problems[0].message
        decision = judged.decision or Decision(Verdict.ASK, judged.number, "", told)
        told = f"asked in the first marketplace: {told}"
        return replace(judged.planned(decision), left_alone=told)
    return judged.place.about(result.problems[0]) if result.problems else result.plan


def _problems(schema: ProductSchema, attributes: Mapping[str, Any]) -> list[str]:
    said = {name: [dict(row) for row in rows] for name, rows in attributes.items()}
    if schema.knows("fulfillment_availability"):
        said["fulfillment_availability"] = [dict(BEGINNING)]
    return [str(problem) for problem in schema.problems(plain(said))]


def _gtin(judged: Judged, item: CatalogueItem) -> tuple[str, str]:
    cells = judged.row.cells if judged.row is not None else {}
    uom = cells.get("uom", "")
    unit = next((u for u in item.Uoms if u.Uom == uom), None)
    base = unit is None or unit.ConversionToBase == 1
    return number_of(
        item.Gtin, unit.Gtin if unit else None, _units(cells.get("units_per_pack", "1")), base
    )


def _units(text: str) -> int:
    """Whole units in a pack; 0 for what is none, which no number fits."""
    try:
        units = Decimal(text)
    except InvalidOperation:
        return 0
    return int(units) if units == units.to_integral_value() else 0


def _fields(item: CatalogueItem) -> dict[str, Any]:
    """The item as attribute rules see it; UN numbers in Amazon's spelling."""
    fields = item.model_dump()
    papers = fields.get("Hazmat")
    if isinstance(papers, dict):
        papers["UnNumber"] = un_number(papers["UnNumber"]) or papers["UnNumber"]
    return fields


def _page(item: CatalogItem) -> Page:
    kind = item.productTypes[0].productType if item.productTypes else ""
    return Page(item.asin, item.title, kind, item.numbers)


# --- what a person has to settle ------------------------------------------------------------------


def _unclear(sku: str, question: str, found: Match) -> NeedsPerson:
    return NeedsPerson(
        question,
        kind="asin-unclear",
        remedy=f"Name the page under asins in {FILE}, or complete the item's Gtin in TIMS; "
        "then retry.",
        about=f"SKU {sku}",
        evidence={"pages": [f"{page.asin} {page.title}" for page in found.candidates[:20]]},
    )


def _restricted(sku: str, asin: str, found: tuple[Restriction, ...]) -> NeedsPerson:
    reasons = [reason for one in found for reason in one.reasons]
    links = [link.resource for reason in reasons for link in reason.links]
    said = "; ".join(dict.fromkeys(reason.message for reason in reasons)) or "no reason given"
    return NeedsPerson(
        f"Amazon restricts {asin}: {said}",
        kind="listing-restricted",
        remedy="Ask Amazon for approval in Seller Central, then retry; or leave the SKU alone.",
        about=f"SKU {sku}",
        code=next((r.reasonCode for r in reasons if r.reasonCode), ""),
        evidence={"links": links[:10]},
    )


def invalid(sku: str, problems: list[str]) -> NeedsPerson:
    """What is to be said does not fit its product type; all of it at once."""
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    return NeedsPerson(
        f"the listing of {sku} would not be valid: {problems[0]}{more}",
        kind="listing-invalid",
        remedy=f"Complete the item in TIMS, or correct the attributes in {FILE}; then retry.",
        about=f"SKU {sku}",
        evidence={"problems": problems[:50]},
    )
