"""Who an order is for and where it goes, with Amazon's own field names. Most of it is personal."""
# ruff: noqa: N815  (fields keep Amazon's own spelling)

from datetime import date
from typing import Annotated

from pydantic import Field

from crossdock.connectors.amazon.fields import Personal, Record


class AddressExtendedFields(Record):
    """Brazilian addresses."""

    streetName: Personal = None
    streetNumber: Personal = None
    complement: Personal = None
    neighborhood: Personal = None


class CustomerAddress(Record):
    """Where the order goes."""

    name: Personal = None
    companyName: str | None = None
    addressLine1: Personal = None
    addressLine2: Personal = None
    addressLine3: Personal = None
    city: str | None = None
    districtOrCounty: str | None = None
    stateOrRegion: str | None = None
    municipality: str | None = None
    postalCode: Personal = None
    countryCode: str | None = None
    phone: Personal = None
    extendedFields: Annotated[AddressExtendedFields | None, Field(repr=False)] = None
    addressType: str | None = None  # RESIDENTIAL | COMMERCIAL | PICKUP_POINT


class HourMinute(Record):
    hour: int | None = None
    minute: int | None = None


class TimeWindow(Record):
    startTime: HourMinute | None = None
    endTime: HourMinute | None = None


class BusinessHour(Record):
    dayOfWeek: str | None = None
    timeWindows: tuple[TimeWindow, ...] = ()


class ExceptionDate(Record):
    exceptionDate: date | None = None
    exceptionDateType: str | None = None  # CLOSED | OPEN
    timeWindows: tuple[TimeWindow, ...] = ()


class PreferredDeliveryTime(Record):
    businessHours: tuple[BusinessHour, ...] = ()
    exceptionDates: tuple[ExceptionDate, ...] = ()


class DeliveryPreference(Record):
    dropOffLocation: str | None = None
    addressInstruction: Personal = None
    deliveryTime: PreferredDeliveryTime | None = None
    deliveryCapabilities: tuple[str, ...] = ()


class Recipient(Record):
    deliveryAddress: CustomerAddress | None = None
    deliveryPreference: DeliveryPreference | None = None


class Buyer(Record):
    buyerName: Personal = None
    buyerEmail: Personal = None
    buyerCompanyName: str | None = None
    buyerPurchaseOrderNumber: str | None = None
