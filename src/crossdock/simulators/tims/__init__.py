"""The simulated TIMS: the parts of our reference contract that the main job uses."""

from crossdock.simulators.tims.app import TimsSim
from crossdock.simulators.tims.faultnames import FAULTS
from crossdock.simulators.tims.items import Item
from crossdock.simulators.tims.office import Site
from crossdock.simulators.tims.orders import SimLine, SimSalesOrder
from crossdock.simulators.tims.outbox import WebhookDelivery
from crossdock.simulators.tims.price_records import ContractPrice, PriceEntry, PriceList
from crossdock.simulators.tims.reservations import Reservation
from crossdock.simulators.tims.shipments import Package, SimShipment
from crossdock.simulators.tims.staff import Staff

__all__ = [
    "FAULTS",
    "ContractPrice",
    "Item",
    "Package",
    "PriceEntry",
    "PriceList",
    "Reservation",
    "SimLine",
    "SimSalesOrder",
    "SimShipment",
    "Site",
    "Staff",
    "TimsSim",
    "WebhookDelivery",
]
