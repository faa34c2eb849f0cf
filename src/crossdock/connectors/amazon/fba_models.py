"""What Amazon says of the stock in its warehouses (FBA Inventory v1)."""

from pydantic import BaseModel, ConfigDict


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Reserved(_Said):
    """Kept for orders, transfers and checks."""

    totalReservedQuantity: int = 0


class Researching(_Said):
    """Missing, and being looked for."""

    totalResearchingQuantity: int = 0


class Unfulfillable(_Said):
    """Damaged or expired."""

    totalUnfulfillableQuantity: int = 0


class Details(_Said):
    """Where the units of a SKU are."""

    fulfillableQuantity: int
    inboundWorkingQuantity: int = 0
    inboundShippedQuantity: int = 0
    inboundReceivingQuantity: int = 0
    reservedQuantity: Reserved = Reserved()
    researchingQuantity: Researching = Researching()
    unfulfillableQuantity: Unfulfillable = Unfulfillable()


class Summary(_Said):
    """One SKU."""

    sellerSku: str
    inventoryDetails: Details


class Payload(_Said):
    """One page."""

    inventorySummaries: tuple[Summary, ...]


class Pagination(_Said):
    """The next page, for 30 seconds."""

    nextToken: str | None = None


class Answer(_Said):
    """The answer to getInventorySummaries with details."""

    payload: Payload
    pagination: Pagination = Pagination()
