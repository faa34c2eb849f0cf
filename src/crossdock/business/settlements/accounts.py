"""Where money belongs in the ledger: rules from categories to accounts, top to bottom.

There is no default. A category without a rule, or with a rule that names no account, blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from crossdock.business.settlements.categories import BALANCES, SALES
from crossdock.kernel.errors import Problem, nearest

ANY = "*"
CLEAR, RECOGNISE = "clear", "recognise"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A place in the general ledger."""

    account: str
    branch: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.account}/{self.branch}" if self.branch else self.account


@dataclass(frozen=True, slots=True)
class Rule:
    """Lines of these categories go there. Empty conditions match everything."""

    categories: tuple[str, ...]
    target: Target
    marketplace: str = ""  # as the file spells it: "amazon.com"
    fulfilment: str = ""  # AFN or MFN
    where: str = ""  # "line 12" of the file it stands in
    sku_class: str = ""  # one of the map's classes

    def matches(
        self, category: str, marketplace: str, fulfilment: str, sku_class: str = ""
    ) -> bool:
        """Whether a line of that kind is meant."""
        return self.sku_class in ("", sku_class) and (
            (category in self.categories or ANY in self.categories)
            and self.marketplace.casefold() in ("", marketplace.casefold())
            and self.fulfilment.casefold() in ("", fulfilment.casefold())
        )

    def covers(self, other: "Rule") -> bool:
        """Everything that `other` could match is matched here already."""
        return self.sku_class in ("", other.sku_class) and (
            (ANY in self.categories or set(other.categories) <= set(self.categories))
            and self.marketplace.casefold() in ("", other.marketplace.casefold())
            and self.fulfilment.casefold() in ("", other.fulfilment.casefold())
        )


@dataclass(frozen=True, slots=True)
class Mode:
    """Whether TIMS has the invoice (clear) or the settlement is the sale (recognise)."""

    mode: str
    marketplace: str = ""
    fulfilment: str = ""

    def matches(self, marketplace: str, fulfilment: str) -> bool:
        """Whether lines of that channel are meant."""
        return self.marketplace.casefold() in ("", marketplace.casefold()) and (
            self.fulfilment.casefold() in ("", fulfilment.casefold())
        )


@dataclass(frozen=True, slots=True)
class Accounts:
    """The account map of a workspace. `digest` names its content in every proof."""

    zone: str  # where a month ends, e.g. "America/Los_Angeles"
    bank: Target  # what Amazon sends: bank, or cash in transit until the deposit is matched
    payable: Target  # what the seller owes when a settlement is negative
    carry_forward: Target  # between the months, or the batches, of one settlement; ends at zero
    clearing: Target | None  # what buyers paid, until receipts settle TIMS's invoices with it
    rules: tuple[Rule, ...]
    modes: tuple[Mode, ...] = ()
    sku_classes: tuple[tuple[str, tuple[str, ...]], ...] = ()  # name, patterns such as "GAS-*"
    deposit: Target | None = None  # the bank account, where `bank` is money in transit
    exchange: Target | None = None  # between two currencies, where the bank keeps another one
    deferred: Target | None = None  # what Amazon keeps back at a month's end
    cost_of_sales: Target | None = None  # what was sold out of Amazon's warehouses has cost
    inventory: Target | None = None  # the goods that lie there
    presentation: str = "summary"  # or "order": one line per order and account
    line_limit: int = 5000
    closed_period: str = "stop"  # or "next": into the first open period, and said on the batch
    receipts: str = "apply"  # or "none": somebody else settles the invoices
    cross_check: str = "report"  # of what Finances say; or "block" the posting, or "off"
    refunds: str = "create"  # a credit memo for each, or "wait" for the one that staff issues
    digest: str = ""
    file: str = field(default="accounts.yaml", compare=False)

    @property
    def by_sku(self) -> bool:
        """True when a rule looks at SKUs."""
        return any(rule.sku_class for rule in self.rules)

    def class_of(self, sku: str) -> str:
        """The first class with a pattern that fits; empty when none does."""
        for name, patterns in self.sku_classes:
            if sku and any(fnmatchcase(sku.casefold(), p.casefold()) for p in patterns):
                return name
        return ""

    def target(
        self, category: str, marketplace: str, fulfilment: str, sku: str = ""
    ) -> Target | None:
        """Where it belongs; None when no rule says so."""
        if category in SALES and self.mode(marketplace, fulfilment) == CLEAR:
            return self.clearing if self.clearing and self.clearing.account else None
        sku_class = self.class_of(sku) if self.by_sku else ""
        for rule in self.rules:
            if rule.matches(category, marketplace, fulfilment, sku_class):
                return rule.target if rule.target.account else None
        return None

    def mode(self, marketplace: str, fulfilment: str) -> str | None:
        """clear or recognise; the first that matches. None: nobody has decided."""
        for mode in self.modes:
            if mode.matches(marketplace, fulfilment):
                return mode.mode
        return None


def lint(accounts: Accounts, categories: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with an account map, at once."""
    known = sorted(categories)
    return [*_empty(accounts), *_doubtful(accounts, known), *_unreachable(accounts)]


def _empty(accounts: Accounts) -> Iterator[Problem]:
    for role in ("bank", "payable", "carry_forward"):
        if not getattr(accounts, role).account:
            yield Problem(accounts.file, f"roles.{role}", "names no account.", "Fill it in.")
    if any(m.mode == CLEAR for m in accounts.modes) and not (
        accounts.clearing and accounts.clearing.account
    ):
        yield Problem(
            accounts.file, "roles.clearing", "names no account, and a channel is to clear.",
            "Name the account that Amazon's payments wait on until receipts settle invoices.",
        )  # fmt: skip
    if (accounts.cost_of_sales is None) != (accounts.inventory is None):
        missing = "inventory" if accounts.inventory is None else "cost_of_sales"
        yield Problem(
            accounts.file, f"roles.{missing}", "names no account, and its counterpart does.",
            "Name both to book the cost of what is sold, or neither.",
        )  # fmt: skip
    for rule in accounts.rules:
        if not rule.target.account:
            what = f"{', '.join(rule.categories)} goes to no account."
            yield Problem(accounts.file, rule.where, what, "Fill in the account.")
    if not accounts.modes:
        yield Problem(
            accounts.file, "modes", "nobody says whether sales clear invoices or are recognised.",
            "Add a row such as {mode: clear, fulfilment: MFN}.",
        )  # fmt: skip


def _doubtful(accounts: Accounts, known: Sequence[str]) -> Iterator[Problem]:
    for mode in accounts.modes:
        if mode.mode not in (CLEAR, RECOGNISE):
            yield Problem(
                accounts.file,
                "modes",
                f"{mode.mode!r} is no mode.",
                nearest(mode.mode, [CLEAR, RECOGNISE]),
            )
    classes = [name for name, _ in accounts.sku_classes]
    for rule in accounts.rules:
        if rule.sku_class and rule.sku_class not in classes:
            yield Problem(
                accounts.file, rule.where, f"{rule.sku_class!r} is no class of SKUs.",
                nearest(rule.sku_class, classes) or "Name it among sku_classes.",
            )  # fmt: skip
        for category in rule.categories:
            if category == ANY:
                swallowed = ", ".join(sorted(BALANCES)[:3])
                yield Problem(
                    accounts.file, rule.where,
                    f"a catch-all books whatever it meets, {swallowed} among it.",
                    "Name the categories; an unknown one must ask.",
                )  # fmt: skip
            elif category not in known:
                yield Problem(
                    accounts.file, rule.where, f"{category!r} is no category.",
                    nearest(category, known),
                )  # fmt: skip


def _unreachable(accounts: Accounts) -> Iterator[Problem]:
    for n, rule in enumerate(accounts.rules):
        earlier = next((e for e in accounts.rules[:n] if e.covers(rule)), None)
        if earlier is None:
            continue
        same = earlier.target == rule.target
        what = (
            f"says again what {earlier.where} says."
            if same
            else f"is never reached: {earlier.where} sends the same to {earlier.target}."
        )
        yield Problem(accounts.file, rule.where, what, "Remove one, or put the narrower one first.")
