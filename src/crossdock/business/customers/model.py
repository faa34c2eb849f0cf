"""A buyer as far as booking needs it, and the account that the order is booked on."""

from dataclasses import dataclass, field

from crossdock.kernel.errors import NeedsPerson

ONE, MATCH, OPEN = RULES = "one", "match", "open"


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys. Personal: never printed."""

    order_id: str
    rule: str  # one | match | open, from lookups/business_buyers.csv
    prefix: str = "AMZB-"  # of the codes of accounts that are opened
    terms_code: str | None = None  # of such accounts
    programs: tuple[str, ...] = ()
    company: str | None = field(default=None, repr=False)
    contact: str | None = field(default=None, repr=False)
    tax_id: str | None = field(default=None, repr=False)
    postal_code: str | None = field(default=None, repr=False)
    country: str | None = None

    def __post_init__(self) -> None:
        """A rule that nobody defined is a question: no account is opened by a typing slip."""
        if self.rule not in RULES:
            raise NeedsPerson(
                f"the rule {self.rule!r} for Amazon Business means nothing here",
                kind="mapping-stopped",
                remedy=f"Write {', '.join(RULES)} (lookups/business_buyers.csv), then retry.",
            )

    @property
    def is_company(self) -> bool:
        """True for an Amazon Business buyer who gives a company's name."""
        return "AMAZON_BUSINESS" in self.programs and bool(self.company)


@dataclass(frozen=True, slots=True)
class Account:
    """The TIMS customer that the order is booked on."""

    code: str
    how: str  # "tax id", "company and postal code", "new"
    name: str | None = field(default=None, repr=False)  # of an account to be opened
    contact: str | None = field(default=None, repr=False)
    terms_code: str | None = None

    @property
    def open(self) -> bool:
        """True when TIMS does not have it yet."""
        return self.how == "new"


@dataclass(frozen=True, slots=True)
class Known:
    """A customer of TIMS is known by its marks from now on."""

    code: str
    marks: int


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in parts."""

    title: str
    first: str
    last: str
    suffix: str
