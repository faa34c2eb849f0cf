"""Amazon's shops: id, country, currency and region."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One shop."""

    id: str
    country: str
    currency: str
    region: str  # "na", "eu", "fe"
    domain: str
    language: str

    @property
    def name(self) -> str:
        """As orders name it: "Amazon.com"."""
        return "A" + self.domain.removeprefix("www.a")


def _table() -> dict[str, Marketplace]:
    rows = """
    A2EUQ1WTGCTBG2 CA CAD na www.amazon.ca     en_CA
    ATVPDKIKX0DER  US USD na www.amazon.com    en_US
    A1AM78C64UM0Y8 MX MXN na www.amazon.com.mx es_MX
    A2Q3Y263D00KWC BR BRL na www.amazon.com.br pt_BR
    A28R8C7NBKEWEA IE EUR eu www.amazon.ie     en_IE
    A1RKKUPIHCS9HS ES EUR eu www.amazon.es     es_ES
    A1F83G8C2ARO7P GB GBP eu www.amazon.co.uk  en_GB
    A13V1IB3VIYZZH FR EUR eu www.amazon.fr     fr_FR
    AMEN7PMS3EDWL  BE EUR eu www.amazon.com.be fr_BE
    A1805IZSGTT6HS NL EUR eu www.amazon.nl     nl_NL
    A1PA6795UKMFR9 DE EUR eu www.amazon.de     de_DE
    APJ6JRA9NG5V4  IT EUR eu www.amazon.it     it_IT
    A2NODRKZP88ZB9 SE SEK eu www.amazon.se     sv_SE
    AE08WJ6YKNBMC  ZA ZAR eu www.amazon.co.za  en_ZA
    A1C3SOZRARQ6R3 PL PLN eu www.amazon.pl     pl_PL
    ARBP9OOSHTCHU  EG EGP eu www.amazon.eg     ar_EG
    A33AVAJ2PDY3EV TR TRY eu www.amazon.com.tr tr_TR
    A17E79C6D8DWNP SA SAR eu www.amazon.sa     ar_SA
    A2VIGQ35RCS4UG AE AED eu www.amazon.ae     ar_AE
    A21TJRUUN4KGV  IN INR eu www.amazon.in     en_IN
    A19VAU5U5O7RUS SG SGD fe www.amazon.sg     en_SG
    A39IBJ37TRP1C6 AU AUD fe www.amazon.com.au en_AU
    A1VC38T7YXB528 JP JPY fe www.amazon.co.jp  ja_JP
    """
    shops = (Marketplace(*row.split()) for row in rows.strip().splitlines())
    return {shop.id: shop for shop in shops}


MARKETPLACES = _table()

# Where a new seller of a region sells, unless told otherwise.
USUAL = {
    "na": ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"),
    "eu": ("A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A13V1IB3VIYZZH", "APJ6JRA9NG5V4", "A1RKKUPIHCS9HS"),
    "fe": ("A1VC38T7YXB528", "A39IBJ37TRP1C6"),
}

AWS_REGION = {"na": "us-east-1", "eu": "eu-west-1", "fe": "us-west-2"}
