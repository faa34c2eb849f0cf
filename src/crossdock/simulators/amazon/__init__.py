"""The simulated Amazon: Login with Amazon and the parts of the Selling Partner API that we use."""

from crossdock.simulators.amazon.app import AmazonSim
from crossdock.simulators.amazon.faultnames import FAULTS
from crossdock.simulators.amazon.people import Address, Business, Buyer, Line, Seller
from crossdock.simulators.amazon.state import Package, SimLine, SimOrder

__all__ = [
    "FAULTS",
    "Address",
    "AmazonSim",
    "Business",
    "Buyer",
    "Line",
    "Package",
    "Seller",
    "SimLine",
    "SimOrder",
]
