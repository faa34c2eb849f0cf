"""Amazon's regions and marketplaces, as far as settings and checks need them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LWA: Final = "https://api.amazon.com"  # Login with Amazon: one address for all regions


@dataclass(frozen=True, slots=True)
class Region:
    """Where a region's sellers are served."""

    name: str
    endpoint: str


REGIONS: Final[Mapping[str, Region]] = {
    "na": Region("North America", "https://sellingpartnerapi-na.amazon.com"),
    "eu": Region("Europe", "https://sellingpartnerapi-eu.amazon.com"),
    "fe": Region("Far East", "https://sellingpartnerapi-fe.amazon.com"),
}


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One shop of Amazon."""

    id: str
    country: str  # Amazon's code: UK, where addresses say GB
    currency: str
    region: str

    @property
    def channel(self) -> str:
        """As orders and settlements name it: "Amazon.com"."""
        return f"Amazon.{_ENDINGS.get(self.country, self.country.casefold())}"


_ENDINGS: Final[Mapping[str, str]] = {
    "US": "com", "UK": "co.uk", "JP": "co.jp", "ZA": "co.za", "MX": "com.mx", "BR": "com.br",
    "AU": "com.au", "TR": "com.tr", "BE": "com.be",
}  # fmt: skip

MARKETPLACES: Final[Mapping[str, Marketplace]] = {
    row[0]: Marketplace(*row)
    for row in (
        ("A2EUQ1WTGCTBG2", "CA", "CAD", "na"),
        ("ATVPDKIKX0DER", "US", "USD", "na"),
        ("A1AM78C64UM0Y8", "MX", "MXN", "na"),
        ("A2Q3Y263D00KWC", "BR", "BRL", "na"),
        ("A28R8C7NBKEWEA", "IE", "EUR", "eu"),
        ("A1RKKUPIHCS9HS", "ES", "EUR", "eu"),
        ("A1F83G8C2ARO7P", "UK", "GBP", "eu"),
        ("A13V1IB3VIYZZH", "FR", "EUR", "eu"),
        ("AMEN7PMS3EDWL", "BE", "EUR", "eu"),
        ("A1805IZSGTT6HS", "NL", "EUR", "eu"),
        ("A1PA6795UKMFR9", "DE", "EUR", "eu"),
        ("APJ6JRA9NG5V4", "IT", "EUR", "eu"),
        ("A2NODRKZP88ZB9", "SE", "SEK", "eu"),
        ("AE08WJ6YKNBMC", "ZA", "ZAR", "eu"),
        ("A1C3SOZRARQ6R3", "PL", "PLN", "eu"),
        ("ARBP9OOSHTCHU", "EG", "EGP", "eu"),
        ("A33AVAJ2PDY3EV", "TR", "TRY", "eu"),
        ("A17E79C6D8DWNP", "SA", "SAR", "eu"),
        ("A2VIGQ35RCS4UG", "AE", "AED", "eu"),
        ("A21TJRUUN4KGV", "IN", "INR", "eu"),
        ("A19VAU5U5O7RUS", "SG", "SGD", "fe"),
        ("A39IBJ37TRP1C6", "AU", "AUD", "fe"),
        ("A1VC38T7YXB528", "JP", "JPY", "fe"),
    )
}


def named(marketplace_id: str) -> str:
    """For a reader: "US (ATVPDKIKX0DER)"."""
    known = MARKETPLACES.get(marketplace_id)
    return f"{known.country} ({marketplace_id})" if known else marketplace_id
