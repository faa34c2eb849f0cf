"""What Amazon shows against what TIMS says, one listing at a time."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from crossdock.business.catalogue.attributes import OTHERS
from crossdock.business.catalogue.model import Difference, Plan, Rows, Shown, Spare

_SELECTORS = ("marketplace_id", "language_tag")
_PLACE, _AMAZONS_HOSTS = "media_location", ("media-amazon.com", "images-amazon.com")
NOTHING_WRITTEN: Mapping[str, str] = MappingProxyType({})
_ONCE = ("merchant_suggested_asin",)
"""Said when a listing is made; afterwards the listing's own page says it."""
_STAYS = OTHERS | {*_ONCE, "externally_assigned_product_identifier"}
"""Never taken away: they have writers of their own, or say which product it is."""


def differing(
    plan: Plan, shown: Shown, pictures: Mapping[str, str] = NOTHING_WRITTEN
) -> tuple[str, ...]:
    """Attributes that were submitted otherwise, or not at all. `pictures`: addresses that Amazon
    took from here, by attribute; what it shows in their place at an address of its own is them.
    """
    return tuple(
        name
        for name, rows in plan.attributes.items()
        if name not in _ONCE
        and not _said(rows, shown.attributes.get(name, ()), pictures.get(name, ""))
    )


def _said(ours: Rows, theirs: Rows, picture: str) -> bool:
    """In our language; or in none but another that Amazon calls the same words."""
    mine, _ = apart(ours, theirs)
    found = mine or theirs
    if picture and picture == picture_in(ours) and found and all(_copied(row) for row in found):
        return same(_unplaced(ours), _unplaced(found))
    return same(ours, found)


def picture_in(rows: Rows) -> str:
    """The address of the picture that an attribute is; empty when it is none."""
    return next((str(row[_PLACE]) for row in rows if row.get(_PLACE)), "")


def pictures_of(plan: Plan) -> dict[str, str]:
    """Addresses of pictures, by attribute."""
    found = {name: picture_in(rows) for name, rows in plan.attributes.items()}
    return {name: address for name, address in found.items() if address}


def _copied(row: Mapping[str, Any]) -> bool:
    """Amazon fetches a picture, keeps a copy, and says where that is from then on."""
    host = urlsplit(str(row.get(_PLACE) or "")).hostname or ""
    return any(host == one or host.endswith(f".{one}") for one in _AMAZONS_HOSTS)


def _unplaced(rows: Rows) -> Rows:
    return tuple({k: v for k, v in row.items() if k != _PLACE} for row in rows)


def apart(ours: Rows, theirs: Rows) -> tuple[Rows, Rows]:
    """Of what Amazon has, what ours stand for; and rows of other marketplaces and languages, which
    are not ours to change.
    """
    mine = tuple(row for row in theirs if _ours(row, ours))
    return mine, tuple(row for row in theirs if not _ours(row, ours))


def _ours(row: Mapping[str, Any], ours: Rows) -> bool:
    """Selectors that one of them leaves out say nothing else."""
    return all(
        row.get(name) is None or not (said := {one[name] for one in ours if one.get(name)})
        or row[name] in said
        for name in _SELECTORS
    )  # fmt: skip


def spare(
    shown: Shown, planned: Collection[str], marketplace: str, language: str,
    selectors_of: Callable[[str], Iterable[str]],
) -> dict[str, Spare]:  # fmt: skip
    """What Amazon has there, in that language, of attributes that nothing says. `selectors_of`:
    what tells an attribute's rows apart; nothing where the product type has no such attribute.
    """
    here = {"marketplace_id": marketplace, "language_tag": language}
    found = {}
    for name in shown.attributes.keys() - set(planned) - _STAYS:
        known = frozenset(selectors_of(name))
        mine, _ = apart((here,), shown.attributes[name])
        if mine and known:
            found[name] = Spare(mine, _told_apart_by(known, [here | dict(row) for row in mine]))
    return found


def _told_apart_by(known: Collection[str], rows: Iterable[Mapping[str, Any]]) -> Rows:
    """The selectors of these rows, each set of them once."""
    found: list[Mapping[str, Any]] = []
    for row in rows:
        selectors = {name: value for name, value in row.items() if name in known}
        if selectors not in found:
            found.append(selectors)
    return tuple(found)


def to_take_away(plan: Plan, kept: Collection[str]) -> dict[str, Spare]:
    """Attributes that were written from here (`kept`), and that nothing says any more."""
    return {name: one for name, one in sorted(plan.spare.items()) if name in kept}


def differences(
    plan: Plan, shown: Shown | None, kept: Collection[str] = (),
    pictures: Mapping[str, str] = NOTHING_WRITTEN,
) -> list[Difference]:  # fmt: skip
    """Everything, in words for a person. `kept`: attributes that were written from here, and the
    `pictures` among them.
    """
    found = _told(plan, shown, kept, pictures)
    return [replace(one, marketplace=plan.marketplace_id) for one in found]


def _told(
    plan: Plan, shown: Shown | None, kept: Collection[str], pictures: Mapping[str, str]
) -> list[Difference]:
    if plan.left_alone:
        return []
    if plan.refused or plan.unwanted:
        return _to_be_gone(plan, shown)
    sku = plan.sku
    if shown is None:
        return [Difference(sku, "listing", "to be listed", "none")]
    found = []
    if plan.asin and shown.asin and plan.asin != shown.asin:
        found.append(Difference(sku, "asin", plan.asin, shown.asin))
    if plan.product_type and shown.product_type and plan.product_type != shown.product_type:
        found.append(Difference(sku, "product type", plan.product_type, shown.product_type))
    for name in differing(plan, shown, pictures):
        theirs, _ = apart(plan.attributes[name], shown.attributes.get(name, ()))
        found.append(Difference(sku, name, words(plan.attributes[name]), words(theirs)))
    for name, gone in to_take_away(plan, kept).items():
        found.append(Difference(sku, name, "", words(gone.rows)))
    if plan.title and shown.shows and shown.title != plan.title:
        found.append(Difference(sku, "title that buyers read", plan.title, shown.title))
    if not shown.shows:
        found.append(Difference(sku, "listing", "to be seen", "not shown yet"))
    found += [Difference(sku, "issue", "", issue) for issue in shown.issues]
    return found


def _to_be_gone(plan: Plan, shown: Shown | None) -> list[Difference]:
    if shown is None:
        return []
    if not plan.refused:
        return [Difference(plan.sku, "listing", f"not here: {plan.unwanted}", "listed")]
    offered = "listed" if not shown.quantity else f"{shown.quantity} for sale"
    return [Difference(plan.sku, "may not be sold", plan.decision.words, offered)]


def same(ours: Rows, theirs: Iterable[Mapping[str, Any]]) -> bool:
    """The same values, in whatever order; numbers by their value. Selectors that Amazon leaves out
    say nothing else.
    """
    return sorted(_plain(row) for row in ours) == sorted(_plain(row) for row in theirs)


def words(rows: Iterable[Mapping[str, Any]]) -> str:
    """The values of an attribute in one line."""
    return "; ".join(" ".join(_words(row)) for row in rows)


def _plain(row: Mapping[str, Any]) -> str:
    kept = {k: _comparable(v) for k, v in row.items() if k not in _SELECTORS}
    return json.dumps(kept, sort_keys=True)


def _comparable(value: Any) -> Any:
    """A number by its value and apart from text: 1.50 is 1.5, and "1" is neither."""
    if isinstance(value, Mapping):
        return {k: _comparable(v) for k, v in value.items()}
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return ["number", f"{Decimal(str(value)).normalize():f}"]
    return value


def _words(row: Mapping[str, Any]) -> Iterable[str]:
    for name in sorted(row, key=lambda name: (name != "value", name)):
        value = row[name]
        if name in _SELECTORS:
            continue
        if isinstance(value, Mapping):
            yield from _words(value)
        elif isinstance(value, float | Decimal):
            yield f"{Decimal(str(value)).normalize():f}"
        else:
            yield str(value)
