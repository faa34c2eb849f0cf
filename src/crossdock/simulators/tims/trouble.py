"""Where faults meet requests: before they are carried out, and on the way back."""

from dataclasses import replace
from datetime import datetime, timedelta

from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Fault, Faults
from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.wire import Cut, Reply


class Trouble:
    """Spoils requests as the faults say."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults, self._clock = faults, clock
        self._burst_left = 0
        self._burst_status = 500

    def cut_before(self, operation: str) -> Cut | None:
        """The line fails and nothing is carried out."""
        if self._faults.strikes("reset_before", operation):
            return Cut.RESET
        return Cut.SILENCE if self._faults.strikes("silence", operation) else None

    def refuse_before(self, operation: str) -> None:
        """The site refuses before it looks at the request."""
        self._maintenance(operation)
        self._server_errors(operation)
        limited = self._faults.strikes("rate_limited", operation)
        if limited:
            after = str(int(limited.settings.get("seconds", 1)))
            raise Refusal("rate_limited", "Busy", headers={"retry-after": after})

    def spoil(self, operation: str, reply: Reply, *, writes: bool) -> Reply:
        """What happens to an answer on its way back."""
        good = 200 <= reply.status < 300
        lost = writes and good and self._faults.strikes("reply_lost_after_write", operation)
        if lost:
            silent = lost.settings.get("how") == "silence"
            return replace(reply, cut=Cut.SILENCE if silent else Cut.RESET)
        if good and reply.body and self._faults.strikes("malformed_json", operation):
            reply = replace(reply, body=reply.body[: len(reply.body) // 2])
        slow = self._faults.strikes("slow", operation)
        if slow and _in_window(slow, self._clock.now()):
            reply = replace(reply, delay=float(slow.settings.get("seconds", 1.0)))
        return reply

    def _maintenance(self, operation: str) -> None:
        fault = self._faults.strikes("maintenance", operation)
        if fault is None or not _in_window(fault, self._clock.now()):
            return
        after = str(int(fault.settings.get("retry_after", 60)))
        raise Refusal("maintenance", "Back soon", headers={"retry-after": after})

    def _server_errors(self, operation: str) -> None:
        if not self._faults.active("server_error_burst"):
            self._burst_left = 0
        if self._burst_left == 0:
            fault = self._faults.strikes("server_error_burst", operation)
            if fault is None:
                return
            self._burst_left = int(fault.settings.get("length", 3))
            self._burst_status = int(fault.settings.get("status", 500))
        self._burst_left -= 1
        raise Refusal("internal", "Something went wrong", status=self._burst_status)


def _in_window(fault: Fault, now: datetime) -> bool:
    """Inside the nightly window [from "02:00", minutes], when the fault has one. UTC."""
    begins = fault.settings.get("from")
    if begins is None:
        return True
    hour, _, minute = str(begins).partition(":")
    today = now.replace(hour=int(hour), minute=int(minute or 0), second=0, microsecond=0)
    spell = timedelta(minutes=float(fault.settings.get("minutes", 30)))
    return today <= now < today + spell or today - timedelta(days=1) <= now < (
        today - timedelta(days=1) + spell
    )
