"""What Amazon says of products: its catalogue, restrictions, product types, how listings look."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from crossdock.connectors.amazon.listing_models import Listing


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Identifier(_Said):
    """A number that a product is known by: GTIN, EAN, UPC."""

    identifierType: str
    identifier: str


class ShopIdentifiers(_Said):
    """The numbers that one marketplace knows."""

    marketplaceId: str
    identifiers: tuple[Identifier, ...] = ()


class CatalogSummary(_Said):
    """What a page of the catalogue is about."""

    marketplaceId: str
    itemName: str = ""
    brand: str = ""
    partNumber: str = ""
    packageQuantity: int | None = None


class ShopProductType(_Said):
    """What kind of product one marketplace takes it for."""

    marketplaceId: str = ""
    productType: str = ""


class CatalogItem(_Said):
    """A page of Amazon's catalogue (Catalog Items 2022-04-01)."""

    asin: str
    identifiers: tuple[ShopIdentifiers, ...] = ()
    summaries: tuple[CatalogSummary, ...] = ()
    productTypes: tuple[ShopProductType, ...] = ()

    @property
    def numbers(self) -> frozenset[str]:
        """Every number it is known by."""
        return frozenset(i.identifier for shop in self.identifiers for i in shop.identifiers)

    @property
    def title(self) -> str:
        """What it is called."""
        return self.summaries[0].itemName if self.summaries else ""


class CatalogPagination(_Said):
    """The token of the next page."""

    nextToken: str | None = None


class CatalogPage(_Said):
    """A page of a search."""

    numberOfResults: int = 0
    items: tuple[CatalogItem, ...] = ()
    pagination: CatalogPagination | None = None


class ReasonLink(_Said):
    """Where a person can ask for approval."""

    resource: str
    title: str = ""


class RestrictionReason(_Said):
    """Why it may not be offered."""

    message: str
    reasonCode: str = ""
    links: tuple[ReasonLink, ...] = ()


class Restriction(_Said):
    """What the seller may not offer (Listings Restrictions 2021-08-01)."""

    marketplaceId: str
    conditionType: str = ""
    reasons: tuple[RestrictionReason, ...] = ()


class RestrictionList(_Said):
    """Nothing in it: free to be offered."""

    restrictions: tuple[Restriction, ...] = ()


class SchemaAddress(_Said):
    """Where the schema lies for some minutes. The address is a secret."""

    resource: str = Field(repr=False)


class SchemaLink(_Said):
    """The schema's address and the MD5 of its bytes, in Base64."""

    link: SchemaAddress
    checksum: str


class ProductTypeVersion(_Said):
    """Which edition of a product type it is."""

    version: str = ""


class ProductTypeDefinition(_Said):
    """A product type (Definitions 2020-09-01)."""

    productType: str
    requirements: str = ""
    productTypeVersion: ProductTypeVersion = ProductTypeVersion()
    # Called `schema` by Amazon, which is a name of pydantic's own.
    linked: SchemaLink = Field(alias="schema")


class ListingSummary(_Said):
    """How a listing looks in one marketplace."""

    marketplaceId: str
    asin: str = ""
    productType: str = ""
    itemName: str = ""
    status: tuple[str, ...] = ()  # BUYABLE, DISCOVERABLE


class ShownListing(Listing):
    """A listing with what buyers see of it. Without a summary nothing of it shows yet."""

    summaries: tuple[ListingSummary, ...] = ()
    productTypes: tuple[ShopProductType, ...] = ()

    @property
    def summary(self) -> ListingSummary | None:
        """In the marketplace that was asked for."""
        return self.summaries[0] if self.summaries else None

    @property
    def product_type(self) -> str:
        """What Amazon takes it for."""
        if self.summary is not None and self.summary.productType:
            return self.summary.productType
        return self.productTypes[0].productType if self.productTypes else ""


class ListingsPage(_Said):
    """A page of the seller's own listings."""

    numberOfResults: int = 0
    items: tuple[ShownListing, ...] = ()
    pagination: CatalogPagination | None = None


Attributes = dict[str, list[dict[str, Any]]]
"""What a listing says of a product: every attribute is a list of objects."""
