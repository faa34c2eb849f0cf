"""How many packs of each SKU may be offered.

SKUs that draw on the same shelves share them: what all of them offer together never asks more of a
shelf than is free there. Each gets an equal share first; what is left over goes to those that can
still sell it, in the order of their names, so that the same stock always gives the same offers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from fnmatch import fnmatchcase

from crossdock.business.stock.model import Level, Offer, Part, Rule, Sellable, Shelf
from crossdock.kernel.terms import Term

_NOTHING = Decimal(0)


class Rules:
    """The rules of a workspace; fast where most of them name one SKU."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._exact: dict[str, int] = {}
        self._wild: list[tuple[int, str]] = []
        self._rules = rules
        for n, rule in enumerate(rules):
            for pattern in rule.patterns:
                folded = pattern.casefold()
                if any(c in folded for c in "*?["):
                    self._wild.append((n, folded))
                else:
                    self._exact.setdefault(folded, n)

    def __len__(self) -> int:
        return len(self._rules)

    def find(self, sku: str) -> Rule | None:
        """The first rule with a pattern that fits. None: nobody has decided."""
        folded = sku.casefold()
        best = self._exact.get(folded, len(self._rules))
        for n, pattern in self._wild:
            if n >= best:
                break
            if fnmatchcase(folded, pattern):
                best = n
        return self._rules[best] if best < len(self._rules) else None


def related(sellables: Iterable[Sellable]) -> list[list[Sellable]]:
    """SKUs in groups that share an item, directly or through a kit; each group by name."""
    group_of: dict[str, list[Sellable]] = {}
    for one in sorted(sellables, key=lambda s: s.sku):
        joined = [one]
        for part in one.parts:
            other = group_of.get(part.item)
            if other is not None and other is not joined:
                joined = other + [s for s in joined if s not in other]
        for item in {part.item for member in joined for part in member.parts}:
            group_of[item] = joined
    unique = {id(group): group for group in group_of.values()}
    return [sorted(group, key=lambda s: s.sku) for group in unique.values()]


def offers(
    group: Sequence[Sellable], rules: Mapping[str, Rule], levels: Mapping[Shelf, Level]
) -> list[Offer]:
    """What the SKUs of a group may offer. `rules` has one for each of them."""
    pool = _Pool(levels)
    open_ = [s for s in group if not _closed(s, rules[s.sku], levels)]
    pool.keep_back(open_, rules)
    packs = dict.fromkeys((s.sku for s in group), 0)
    shares = {s.sku: pool.share(s, rules[s.sku], open_, rules) for s in open_}
    for one in open_:
        # Another one may have taken more from a shelf that both draw on, and less from its own.
        share = min(shares[one.sku], pool.packs(one, rules[one.sku]))
        packs[one.sku] = _bounded(share, rules[one.sku])
        pool.take(one, rules[one.sku], packs[one.sku])
    for one in open_:
        rule = rules[one.sku]
        wanted = _bounded(packs[one.sku] + pool.packs(one, rule), rule)
        pool.take(one, rule, wanted - packs[one.sku])
        packs[one.sku] = wanted
    return [
        Offer(s.sku, packs[s.sku], tuple(_terms(s, rules[s.sku], levels, group, pool, packs)))
        for s in group
    ]


class _Pool:
    """What is left on each shelf while offers are dealt out."""

    def __init__(self, levels: Mapping[Shelf, Level]) -> None:
        self._left = {shelf: level.free for shelf, level in levels.items()}
        self._kept: dict[Shelf, Decimal] = defaultdict(Decimal)

    def keep_back(self, group: Sequence[Sellable], rules: Mapping[str, Rule]) -> None:
        """Buffers and what other channels sell: of an item that several SKUs sell the most counts,
        once.
        """
        for one in sorted(group, key=lambda s: (-rules[s.sku].kept_back, s.sku)):
            rule = rules[one.sku]
            for part in one.parts:
                shelves = [Shelf(part.item, place) for place in rule.locations]
                missing = rule.kept_back - sum((self._kept[s] for s in shelves), _NOTHING)
                for shelf in shelves:
                    kept = max(min(missing, self._left.get(shelf, _NOTHING)), _NOTHING)
                    self._left[shelf] = self._left.get(shelf, _NOTHING) - kept
                    self._kept[shelf] += kept
                    missing -= kept

    def kept(self, part: Part, rule: Rule) -> Decimal:
        """What is kept back of an item at the rule's locations."""
        return sum((self._kept[Shelf(part.item, place)] for place in rule.locations), _NOTHING)

    def share(
        self, one: Sellable, rule: Rule, group: Sequence[Sellable], rules: Mapping[str, Rule]
    ) -> int:
        """Packs, when every SKU on a shelf gets as much of it."""
        users: dict[Shelf, int] = defaultdict(int)
        for other in group:
            for part in other.parts:
                for place in rules[other.sku].locations:
                    users[Shelf(part.item, place)] += 1
        return min(
            _whole(
                sum(
                    (
                        self._left.get(Shelf(part.item, place), _NOTHING)
                        / users[Shelf(part.item, place)]
                        for place in rule.locations
                    ),
                    _NOTHING,
                ),
                part.units,
            )
            for part in one.parts
        )

    def packs(self, one: Sellable, rule: Rule) -> int:
        """Packs that what is left suffices for."""
        return min(
            _whole(
                sum(
                    (self._left.get(Shelf(part.item, p), _NOTHING) for p in rule.locations),
                    _NOTHING,
                ),
                part.units,
            )
            for part in one.parts
        )

    def take(self, one: Sellable, rule: Rule, packs: int) -> None:
        """So many packs are promised; from the fullest shelf first."""
        for part in one.parts:
            needed = part.units * packs
            shelves = [Shelf(part.item, place) for place in rule.locations]
            for shelf in sorted(shelves, key=lambda s: (-self._left.get(s, _NOTHING), s)):
                taken = min(needed, self._left.get(shelf, _NOTHING))
                self._left[shelf] = self._left.get(shelf, _NOTHING) - taken
                needed -= taken
            if needed > 0:
                raise ValueError(f"{one.sku}: {needed} of {part.item} promised beyond the shelves")


def _closed(one: Sellable, rule: Rule, levels: Mapping[Shelf, Level]) -> str:
    """Why nothing of it is offered, whatever is on the shelf; empty when it may be."""
    if one.stopped:
        return one.stopped
    for part in one.parts:
        for place in rule.locations:
            level = levels.get(Shelf(part.item, place))
            if level is not None and level.back_ordered > 0:
                return f"{_text(level.back_ordered)} of {part.item} are back-ordered at {place}"
    return ""


def _bounded(packs: int, rule: Rule) -> int:
    most = packs if rule.maximum is None else min(packs, rule.maximum)
    return most if most >= rule.minimum else 0


def _whole(units: Decimal, per_pack: Decimal) -> int:
    return int((units / per_pack).to_integral_value(ROUND_FLOOR))


def _terms(
    one: Sellable, rule: Rule, levels: Mapping[Shelf, Level], group: Sequence[Sellable],
    pool: _Pool, packs: Mapping[str, int],
) -> Iterable[Term]:  # fmt: skip
    for part in one.parts:
        for place in rule.locations:
            yield from _shelf_terms(Shelf(part.item, place), levels)
        kept = pool.kept(part, rule)
        if kept:
            yield Term(f"{part.item} kept back", f"-{_text(kept)}", rule.where)
            if rule.channels and rule.buffer:
                yield Term("  buffer", _text(rule.buffer), rule.where)
            for channel, units in rule.channels:
                yield Term(f"  meant for {channel}", _text(units), rule.where)
        yield from _shared_terms(part.item, [s for s in group if s.sku != one.sku], packs)
        if part.units != 1 or len(one.parts) > 1:
            yield Term(f"{part.item} in one pack", f"/ {_text(part.units)}", one.source)
    closed = _closed(one, rule, levels)
    if closed:
        yield Term("not for sale", closed, "TIMS")
    if rule.maximum is not None:
        yield Term("at most", str(rule.maximum), rule.where)
    if rule.minimum:
        yield Term("nothing below", str(rule.minimum), rule.where)
    yield Term("offered", str(packs[one.sku]))


def _shared_terms(
    item: str, others: Iterable[Sellable], packs: Mapping[str, int]
) -> Iterable[Term]:
    for other in others:
        units = sum((p.units for p in other.parts if p.item == item), _NOTHING) * packs[other.sku]
        if units:
            yield Term(f"{item} offered as {other.sku}", f"-{_text(units)}", other.source)


def _shelf_terms(shelf: Shelf, levels: Mapping[Shelf, Level]) -> Iterable[Term]:
    level = levels.get(shelf)
    if level is None:
        yield Term(f"{shelf.item} at {shelf.location}", "0", "TIMS has no such stock")
        return
    source = f"TIMS stock, version {level.version}"
    yield Term(f"{shelf.item} at {shelf.location}", _text(level.on_hand), source)
    if level.allocated:
        yield Term("  allocated", f"-{_text(level.allocated)}", source)
    if level.quarantined:
        yield Term("  quarantined", f"-{_text(level.quarantined)}", source)
    if level.free != level.on_hand - level.allocated - level.quarantined:
        yield Term("  below zero, counted as", "0", source)


def _text(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
