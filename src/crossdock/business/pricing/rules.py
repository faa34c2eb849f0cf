"""Which rule prices a SKU. The first that fits decides; none is a question, never a default."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from crossdock.business.pricing.model import Rule

_WILD = "*?["


class Rules:
    """The rules of a workspace; fast where most of them name one SKU."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._exact: dict[str, list[int]] = {}
        self._wild: list[int] = []
        for n, rule in enumerate(rules):
            names = [pattern.casefold() for pattern in rule.patterns]
            if any(c in name for name in names for c in _WILD):
                self._wild.append(n)
            else:
                for name in names:
                    self._exact.setdefault(name, []).append(n)

    def __len__(self) -> int:
        return len(self._rules)

    def find(self, sku: str, item_class: str = "", brand: str = "") -> Rule | None:
        """The first rule that fits. None: nobody has decided."""
        folded = sku.casefold()
        for n in sorted([*self._exact.get(folded, ()), *self._wild]):
            rule: Rule = self._rules[n]
            if _fits(rule, folded, item_class, brand):
                return rule
        return None


def _fits(rule: Rule, folded: str, item_class: str, brand: str) -> bool:
    if rule.classes and item_class.casefold() not in {c.casefold() for c in rule.classes}:
        return False
    if rule.brands and brand.casefold() not in {b.casefold() for b in rule.brands}:
        return False
    return any(fnmatchcase(folded, pattern.casefold()) for pattern in rule.patterns)
