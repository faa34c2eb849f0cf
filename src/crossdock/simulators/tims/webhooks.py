"""The desk for webhooks: who wants to be told what."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.fields import (
    Reader,
    many,
    moment_text,
    one_of,
    parse_moment,
    read,
    text,
)
from crossdock.simulators.tims.journal import Change, Journal
from crossdock.simulators.tims.outbox import Notice, Outbox, Target
from crossdock.simulators.tims.paging import Pages, select
from crossdock.simulators.tims.problems import Findings, Refusal
from crossdock.simulators.tims.records import Record, Table

EVENTS = [
    "sales_order.created",
    "sales_order.updated",
    "sales_order.status_changed",
    "sales_order.cancelled",
    "shipment.posted",
    "shipment.voided",
    "invoice.posted",
    "credit_memo.posted",
    "stock.changed",
    "item.updated",
    "price.updated",
    "customer.updated",
    "return.received",
    "gl.batch_posted",
    "gl.batch_rejected",
]
TRIAL = "webhook.test"
SHORTEST_SECRET = 16

_NEW: dict[str, Reader] = {
    "Url": text(500),
    "Events": many(one_of(*EVENTS)),
    "Secret": text(200),
}


@dataclass(kw_only=True, eq=False)
class Webhook(Record):
    """A registration. Its secret is never told again."""

    number: str
    target: Target

    @property
    def key(self) -> str:
        return self.number

    def fields(self) -> dict[str, Any]:
        return {
            "Id": self.number,
            "Url": self.target.url,
            "Events": sorted(self.target.events),
        }


class Webhooks:
    """Register, try, look, send again."""

    def __init__(self, journal: Journal, pages: Pages, outbox: Outbox, salt: str) -> None:
        self.table: Table[Webhook] = Table("webhook", journal, salt)
        self._journal, self._pages, self._outbox = journal, pages, outbox
        self._made = 0

    def create(self, call: Call) -> Answer:
        findings = Findings()
        said = read(call.body, _NEW, findings, required=("Url", "Events", "Secret"))
        if said.get("Url") and not _is_address(said["Url"]):
            findings.add("/Url", "not_an_address", "An http or https address", said["Url"])
        if said.get("Events") == []:
            findings.add("/Events", "required", "Name at least one event")
        if said.get("Secret") and len(said["Secret"]) < SHORTEST_SECRET:
            findings.add("/Secret", "too_short", f"At least {SHORTEST_SECRET} characters")
        findings.refuse()
        self._made += 1
        number = f"wh_{self._made}"
        target = Target(number, said["Url"], said["Secret"], frozenset(said["Events"]))
        webhook = self.table.add(Webhook(number=number, target=target))
        self._outbox.targets[number] = target
        return shown(webhook, 201)

    def list(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.table, {}))

    def get(self, call: Call) -> Answer:
        return shown(self._named(call))

    def delete(self, call: Call) -> Answer:
        webhook = self._named(call)
        self.table.drop(webhook.key)
        del self._outbox.targets[webhook.key]
        return Answer(204)

    def test(self, call: Call) -> Answer:
        """Send a trial, whatever events the webhook listens to."""
        webhook = self._named(call)
        trial = Change(webhook.row_version, "webhook", webhook.key, "test", call.now)
        notice = self._outbox.tell(webhook.target, TRIAL, trial)
        return Answer(202, json.dumps({"Delivery": notice.number}).encode())

    def deliveries(self, call: Call) -> Answer:
        """What was sent, newest first."""
        webhook = self._named(call)
        notices = list(webhook.target.notices)[::-1][:200]
        tail = {"next_cursor": None, "as_of": moment_text(call.now)}
        return Answer(200, json.dumps({"data": [_row(x) for x in notices], **tail}).encode())

    def redeliver(self, call: Call) -> Answer:
        """Send everything from a time on once more."""
        webhook = self._named(call)
        given = call.query.get("from", "")
        since = parse_moment(given.replace(" ", "+"))
        if since is None:
            raise Refusal("validation_failed", "from: RFC 3339 with a zone", rejected=given)
        chosen = [x for x in webhook.target.notices if x.occurred_at >= since]
        count = self._outbox.again(chosen)
        return Answer(202, json.dumps({"Requeued": count}).encode())

    def _named(self, call: Call) -> Webhook:
        webhook: Webhook = found(self.table.get(call.key), "Webhook", call.key)
        return webhook


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "Delivery": notice.number,
        "Event": notice.event,
        "Status": notice.status,
        "Attempts": notice.attempts,
        "LastAnswer": notice.last_answer,
        "OccurredAt": moment_text(notice.occurred_at),
        "NextAttemptAt": moment_text(notice.due),
    }


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
