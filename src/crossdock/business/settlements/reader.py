"""Reads Amazon's settlement report, flat file V2: strictly, in one pass, in constant memory.

Bytes stay bytes until the sums are done: lines are grouped by their raw labels and time, and only
the groups are decoded. Nothing is repaired; a line that cannot be read is a fault with its number.
"""

import re
from datetime import UTC, datetime, tzinfo
from operator import itemgetter
from typing import BinaryIO, Final, TypeVar

from crossdock.business.settlements.amounts import Amounts, shown
from crossdock.business.settlements.dates import Dates
from crossdock.business.settlements.layout import UNTOUCHED, Layout, layout_of
from crossdock.business.settlements.lines import Hashed, blocks
from crossdock.business.settlements.model import (
    Count,
    Fault,
    Group,
    GroupKey,
    Reading,
    Summary,
    Triple,
)
from crossdock.kernel.money import digits_of

MOST_FAULTS: Final = 100
_FEW: Final = 8
_KEPT_RESTS: Final = 1 << 16
_LABELS: Final = (
    "transaction-type", "amount-type", "amount-description", "marketplace-name", "fulfillment-id",
)  # fmt: skip
_CLOCK: Final = re.compile(rb":[0-5][0-9]:[0-5][0-9]")
_ID: Final = re.compile(rb"[0-9]{1,30}")
_CURRENCY: Final = re.compile(rb"[A-Z]{3}")

Key = tuple[bytes, ...]
K = TypeVar("K")


def read(
    source: BinaryIO, *, zone: tzinfo = UTC, charset: str = "", by_sku: bool = False
) -> Reading:
    """The whole file. `zone` is where months are cut; `charset` as the download said, empty for
    UTF-8 or, when it is not, Cp1252. `by_sku` keeps SKUs apart in the groups.
    """
    scan = Scan(zone, by_sku=by_sku)
    scan.run(source)
    return scan.reading(charset)


class Scan:
    """What one pass learns."""

    def __init__(self, zone: tzinfo, *, by_sku: bool) -> None:
        self.zone = zone
        # Months begin on the hour there, or on a quarter of it: lines between are one sum.
        self._cut = 60 if _on_the_hour(zone) else 15
        self.sha256 = ""
        self.by_sku = by_sku
        self.layout: Layout | None = None
        self.amounts, self.dates = Amounts(), Dates()
        # Time, cut to what its month depends on -> labels -> amount, lines, first line.
        self.sums: dict[bytes, dict[Key, list[int]]] = {}
        self.controls: list[tuple[int, list[bytes]]] = []
        self.faults: list[Fault] = []
        self.header = self.rejected = self.blank = self.physical = 0
        self.settlement = self.currency = b""
        self._kinds: set[Key] = set()  # labels that were met
        self._hours: set[bytes] = set()  # "2026-06-20 10", met and sound
        self._ends: set[bytes] = set()  # " UTC", met after a sound time
        self._rests: dict[bytes, bytes] = {}  # ":31:07 UTC" -> the ":30" it counts under

    def run(self, source: BinaryIO) -> None:
        """The whole file."""
        hashed = Hashed(source)
        for block in blocks(hashed):  # type: ignore[arg-type]
            first = self.physical + 1
            if self.settlement and self._together(block, first):
                self.physical += block.count(b"\n") + 1
                continue
            parts = block.split(b"\n")
            begin = 0
            while begin < len(parts) and not self.settlement:
                if self.layout is None:
                    self._head(first + begin, parts[begin])
                else:
                    self._carefully(first + begin, parts[begin].split(b"\t"))
                begin += 1
            self._in_halves(parts[begin:], first + begin)
            self.physical += len(parts)
        self.sha256 = hashed.hasher.hexdigest()

    def _together(self, block: bytes, first: int) -> bool:
        """A block whose lines are all usual, column by column: nearly every block of nearly every
        file, at a third of the cost. False, and nothing has happened, when one of them is not.
        """
        step = self._width + 1  # every line's end is made a cell of its own, to see that it is one
        cells = block.replace(b"\n", b"\t\n\t").split(b"\t")
        lines, odd = divmod(len(cells) + 1, step)
        if odd or cells[self._width :: step].count(b"\n") != lines - 1:
            return False
        if cells[self._id :: step].count(self.settlement) != lines or any(
            cells[self._total :: step]
        ):
            return False
        if self._code >= 0 and b"." in b"".join(cells[self._code :: step]):
            return False
        amounts = self.amounts.together(cells[self._amount :: step])
        if amounts is None:
            return False
        kinds = zip(*(cells[at::step] for at in self._labels), strict=True)
        last, sums, met = b"", None, self._kinds
        each = zip(cells[self._time :: step], kinds, amounts, strict=True)
        for n, (time, kind, amount) in enumerate(each):
            if time != last:  # lines of one order follow each other and share their second
                last, sums = time, self._sums_at(time)
            if sums is not None:
                one = sums.get(kind)
                if one is None and kind in met:
                    one = sums[kind] = [0, 0, first + n]
                if one is not None:
                    one[0] += amount
                    one[1] += 1
                    continue
            self._carefully(first + n, cells[n * step : n * step + self._width])
            last = b""
        return True

    def _in_halves(self, parts: list[bytes], first: int) -> None:
        """Lines of which some are unusual: as many as possible together, the others alone."""
        if len(parts) <= _FEW:
            for n, raw in enumerate(parts):
                self._carefully(first + n, raw.split(b"\t"))
        elif not self._together(b"\n".join(parts), first):
            half = len(parts) // 2
            self._in_halves(parts[:half], first)
            self._in_halves(parts[half:], first + half)

    def _sums_at(self, time: bytes) -> "dict[Key, list[int]] | None":
        """The sums of lines of that time; None for a time that was never looked at carefully."""
        rest = time[13:]
        under = self._rests.get(rest)
        if under is None and rest[6:] in self._ends and _CLOCK.fullmatch(rest[:6]):
            under = self._under(rest)
        if under is None or time[:13] not in self._hours:
            return None
        return self.sums.setdefault(time[:13] + under, {})

    def _carefully(self, number: int, cells: list[bytes]) -> None:
        """One line, looked at from all sides."""
        cells[-1] = cells[-1].rstrip(b"\r")
        if len(cells) != self._width:
            cells = self._fitted(number, cells)
            if not cells:
                return
        text = cells[self._amount]
        if cells[0].strip().lower() == b"settlement-id":
            self.header += 1
            return
        if not text.strip():
            self._without_amount(number, cells)
            return
        about = self._checked(number, cells)
        if not about or not self._sound(number, cells):
            return
        try:
            amount = self.amounts.hundredths(text)
        except ValueError as error:
            self._reject(number, str(error))
            return
        sums = self.sums.setdefault(about, {})
        kind = itemgetter(*self._labels)(cells)
        self._kinds.add(kind)
        one = sums.setdefault(kind, [0, 0, number])
        one[0] += amount
        one[1] += 1

    def _head(self, number: int, raw: bytes) -> None:
        if not raw.strip() and number < 20:
            self.blank += 1
            return
        found = layout_of(raw.removeprefix(b"\xef\xbb\xbf"))
        if isinstance(found, str):
            if not self.faults:
                self.faults.append(Fault(0, found, UNTOUCHED))
            self.rejected += 1
            return
        if self.faults:  # what came before the header was something else
            self.rejected += 1
            return
        self.header += 1
        self.layout = found
        self._width, self._amount = found.width, found.at("amount")
        self._total, self._id = found.at("total-amount"), found.at("settlement-id")
        self._time, self._date = found.at("posted-date-time"), found.at("posted-date")
        self._time = self._date if self._time < 0 else self._time
        self._code, self._coin = found.at("order-item-code"), found.at("currency")
        self._labels = [found.at(name) for name in _LABELS] + (
            [found.at("sku")] if self.by_sku else []
        )
        lacking = [n for n in (*_LABELS, "posted-date-time") if found.at(n) < 0]
        if lacking and (self._time < 0 or min(self._labels) < 0):
            self.faults.append(Fault(0, f"the header lacks {', '.join(lacking)}", UNTOUCHED))

    def _fitted(self, number: int, cells: list[bytes]) -> list[bytes]:
        """A line of another width: the last columns may lack, and blanks may follow."""
        filled = [cell for cell in cells if cell.strip()]
        if len(filled) <= 1 and not (len(cells) > self._amount and cells[self._amount].strip()):
            self.blank += 1
            return []
        if any(cell.strip() for cell in cells[self._width :]):
            self._reject(number, f"has {len(cells)} cells where the header has {self._width}")
            return []
        if len(cells) <= max(self._amount, self._time):
            self._reject(number, f"ends after {len(cells)} cells, before its amount or time")
            return []
        return (cells + [b""] * self._width)[: self._width]

    def _without_amount(self, number: int, cells: list[bytes]) -> None:
        if cells[self._total].strip():
            self.controls.append((number, cells))
        elif sum(1 for cell in cells if cell.strip()) <= 1:
            self.blank += 1
        else:
            self._reject(number, "has no amount")

    def _checked(self, number: int, cells: list[bytes]) -> bytes:
        """The line's time, cut to what its month can depend on."""
        time = cells[self._time].strip() or (cells[self._date].strip() if self._date >= 0 else b"")
        try:
            self.dates.look(time)
        except ValueError as error:
            self._reject(number, f"{shown(time)} {error}")
            return b""
        hour, rest = time[:13], time[13:]
        under = rest
        if rest:
            under = self._under(rest)
            if time == cells[self._time]:
                self._hours.add(hour)
                self._ends.add(rest[6:])
        return hour + under

    def _under(self, rest: bytes) -> bytes:
        """ ":31:07 UTC" counts under ":30", or under ":00" where months begin on the hour."""
        under = b":%02d" % (int(rest[1:3]) // self._cut * self._cut)
        if len(self._rests) < _KEPT_RESTS:
            self._rests[rest] = under
        return under

    def _sound(self, number: int, cells: list[bytes]) -> bool:
        """Whether an unusual line is of this settlement, and undamaged."""
        mine = cells[self._id].strip()
        if not self.settlement and _ID.fullmatch(mine):
            self.settlement = cells[self._id]
        if cells[self._total].strip():
            self._reject(number, "has an amount and a total")
        elif mine != self.settlement.strip():
            self._reject(number, f"belongs to settlement {shown(mine)}, or its number is damaged")
        elif self._code >= 0 and b"." in cells[self._code]:
            self._reject(number, f"the order item code {shown(cells[self._code])} is damaged")
        else:
            return True
        return False

    def _reject(self, number: int, what: str) -> None:
        self.rejected += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(number, what, UNTOUCHED))

    # --- the end

    def codec(self, charset: str) -> str:
        """How to decode: as said, or UTF-8, or Cp1252 where the bytes are not UTF-8."""
        if charset:
            return charset
        try:
            for sums in self.sums.values():
                for labels in sums:
                    b"".join(labels).decode("utf-8")
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8"

    def reading(self, charset: str) -> Reading:
        """The sums, decoded."""
        summary = self._summary()
        if doubt := self._doubt():
            self.faults.append(Fault(0, doubt, UNTOUCHED))
        groups: dict[GroupKey, Group] = {}
        if summary is not None and not self.dates.doubt:
            if digits_of(summary.currency) == 0 and self.amounts.decimals:
                what = f"amounts in {summary.currency} have no decimals"
                self.faults.append(Fault(0, what, UNTOUCHED))
            try:
                groups = self._groups(self.codec(charset), summary.currency)
            except (UnicodeDecodeError, LookupError) as error:
                advice = "Say how it is encoded: --charset cp932"
                self.faults.append(Fault(0, f"cannot be decoded: {error}", advice))
        accepted = sum(x[1] for sums in self.sums.values() for x in sums.values())
        count = Count(
            self.header, len(self.controls), accepted, self.rejected, self.blank,
            self.physical,
        )  # fmt: skip
        return Reading(summary, groups, count, tuple(self.faults), self.sha256, str(self.zone))

    def _doubt(self) -> str:
        if self.dates.doubt:
            return self.dates.doubt
        if len(self.amounts.points) > 1:
            return "amounts are written with a decimal point and with a decimal comma"
        if self.layout is None and not self.faults:
            return "the file is empty"
        return ""

    def _summary(self) -> Summary | None:
        if self.layout is None:
            return None
        if len(self.controls) != 1:
            many = f"{len(self.controls)} lines with a total" if self.controls else "no total"
            self.faults.append(Fault(0, f"has {many}; a report has one", UNTOUCHED))
            return None
        (number, cells), layout = self.controls[0], self.layout
        times = [cells[layout.at(f"{n}-date")] for n in
                 ("settlement-start", "settlement-end", "deposit")]  # fmt: skip
        currency, name = cells[self._coin].strip(), cells[self._id].strip()
        try:
            if not _ID.fullmatch(name) or (self.settlement and name != self.settlement.strip()):
                raise ValueError(f"settlement number {shown(name)} is damaged or another one")
            if not _CURRENCY.fullmatch(currency):
                raise ValueError(f"{shown(currency)} is no currency")
            total = self.amounts.hundredths(cells[self._total])
            for text in times:
                self.dates.look(text)
            if self.dates.doubt:
                return None
            start, end, deposit = (self.dates.moment(text) for text in times)
        except ValueError as error:
            self.faults.append(Fault(number, str(error), UNTOUCHED))
            return None
        code = currency.decode()
        return Summary(name.decode(), start, end, deposit, minor(total, code), code)

    def _groups(self, codec: str, currency: str) -> dict[GroupKey, Group]:
        monthly: dict[tuple[str, Key], list[int]] = {}
        for time, sums in self.sums.items():
            whole = time + b":00" if len(time) == 16 else time
            month = f"{self.dates.moment(whole).astimezone(self.zone):%Y-%m}"
            for labels, more in sums.items():
                _add(monthly, (month, labels), more)
        found: dict[GroupKey, list[int]] = {}
        for (month, labels), more in monthly.items():
            kind, family, label, market, channel, *sku = (x.decode(codec).strip() for x in labels)
            said = Triple(kind, family, label)
            _add(found, GroupKey(said, market, channel, sku[0] if sku else "", month), more)
        return {
            key: Group(minor(amount, currency), count, first)
            for key, (amount, count, first) in sorted(found.items())
        }


def _add(sums: dict[K, list[int]], key: K, more: list[int]) -> None:
    """Amount and count are added up, the first line is the earliest."""
    one = sums.setdefault(key, [0, 0, more[2]])
    one[0] += more[0]
    one[1] += more[1]
    one[2] = min(one[2], more[2])


def _on_the_hour(zone: tzinfo) -> bool:
    """Whether that zone is whole hours from UTC, in winter and in summer."""
    days = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    return not any((day.astimezone(zone).minute) for day in days)


def minor(hundredths: int, currency: str) -> int:
    """In the currency's smallest coin."""
    return hundredths if digits_of(currency) == 2 else hundredths // 100
