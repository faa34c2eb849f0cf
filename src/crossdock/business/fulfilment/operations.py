"""What a flow can do with shipments: values to values."""

from collections.abc import Mapping
from typing import Final

from crossdock.business.fulfilment import rules
from crossdock.business.fulfilment.model import Dispatch, Plan, Sale, Seen, Shipment
from crossdock.kernel.operation import Operation, Repeat, table

OPERATIONS: Final[Mapping[str, Operation]] = table(
    Operation(
        "fulfilment.decide",
        takes=(Shipment, Sale, str | None, str | None),
        gives=Plan,
        repeat=Repeat.PURE,
        run=rules.decide,
        about="What Amazon is still to be told about a TIMS shipment.",
    ),
    Operation(
        "fulfilment.pack",
        takes=(Shipment, Sale),
        gives=Dispatch,
        repeat=Repeat.PURE,
        run=rules.pack,
        about="The shipment in Amazon's packages and packs; else one case with all findings.",
    ),
    Operation(
        "fulfilment.verify",
        takes=(Dispatch, Seen),
        gives=Seen,
        repeat=Repeat.PURE,
        run=rules.verify,
        about="Compares what Amazon shows with what it was told.",
    ),
)
