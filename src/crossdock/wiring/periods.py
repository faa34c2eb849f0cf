"""The day that something is booked on, in the light of TIMS's fiscal periods."""

from datetime import date

from crossdock.connectors.tims.ledger import Ledger
from crossdock.kernel.errors import NeedsPerson


def open_day(ledger: Ledger, day: date, policy: str, about: str) -> date:
    """The day itself, or, where its period is closed and the policy is `next`, the first day of
    the first open period after it.
    """
    periods = sorted(ledger.periods(), key=lambda p: p.Start)
    mine = next((p for p in periods if p.Start <= day <= p.End), None)
    if mine is not None and mine.Status == "open":
        return day
    following = [p for p in periods if p.Start > day and p.Status == "open"]
    if policy == "next" and following:
        return following[0].Start
    state = "closed" if mine else "not on file"
    raise NeedsPerson(
        f"the period of {day} is {state} in TIMS",
        kind="period-closed",
        remedy="Open the period, or set `closed_period: next` in accounts.yaml; then retry.",
        about=about,
    )
