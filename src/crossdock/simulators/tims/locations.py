"""Branches, warehouses, fill plants, trucks."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.paging import Pages, select
from crossdock.simulators.tims.records import Record, Table


@dataclass(kw_only=True, eq=False)
class Location(Record):
    """A place that holds stock."""

    location_id: str
    name: str = ""
    type: str = "warehouse"
    address: dict[str, Any] = field(default_factory=dict)
    time_zone: str = "America/Denver"
    is_shipping_location: bool = True
    is_will_call: bool = True
    cutoff_time: str = "16:00"
    closed_dates: list[date] = field(default_factory=list)
    gl_branch: str = "001"

    @property
    def key(self) -> str:
        return self.location_id

    def fields(self) -> dict[str, Any]:
        return {
            "LocationId": self.location_id,
            "Name": self.name or self.location_id,
            "Type": self.type,
            "Address": self.address,
            "TimeZone": self.time_zone,
            "IsShippingLocation": self.is_shipping_location,
            "IsWillCall": self.is_will_call,
            "CutoffTime": self.cutoff_time,
            "ClosedDates": [day.isoformat() for day in self.closed_dates],
            "GlBranch": self.gl_branch,
        }


class Locations:
    """The desk for locations. They are read only."""

    def __init__(self, journal: Journal, pages: Pages, salt: str) -> None:
        self.table: Table[Location] = Table("location", journal, salt)
        self._pages = pages

    def shipping(self) -> list[str]:
        """Open shipping locations, in order of their id."""
        open_ones = (x for x in self.table if x.is_active and x.is_shipping_location)
        return sorted(x.location_id for x in open_ones)

    def list(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.table, {}))

    def get(self, call: Call) -> Answer:
        return shown(found(self.table.get(call.key), "Location", call.key))
