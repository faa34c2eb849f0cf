"""TIMS's front door: in which order a request is looked at."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults
from crossdock.simulators.tims.auth import Keyring
from crossdock.simulators.tims.call import JSON, Answer, Call
from crossdock.simulators.tims.limits import Limits
from crossdock.simulators.tims.office import API_VERSION, Office
from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.tims.records import Record, Table
from crossdock.simulators.tims.routes import ROOT, ROUTES, TOKEN, Match, Route, match
from crossdock.simulators.tims.trouble import Trouble
from crossdock.simulators.wire import Reply, Request

UNKNOWN = "unknown"  # the operation of a request that means nothing to TIMS


@dataclass(slots=True)
class _Visit:
    """A request and what was understood of it so far."""

    request: Request
    now: datetime
    match: Match | None
    route: Route | None
    operation: str
    client_id: str = ""

    @property
    def writes(self) -> bool:
        return self.route is not None and self.route.writes


class Api:
    """Network, maintenance, sign-in, rate, company, scope, idempotency; only then the desk."""

    def __init__(
        self, offices: Mapping[str, Office], keyring: Keyring, faults: Faults, clock: Clock
    ) -> None:
        self.offices, self.keyring, self.clock = offices, keyring, clock
        self.limits: Limits | None = Limits()
        self.counts: Counter[tuple[str, int]] = Counter()
        self._faults, self._trouble = faults, Trouble(faults, clock)
        self._desks = {
            (office.environment, route.name): route.answerer(office)
            for office in offices.values()
            for route in ROUTES
        }
        self._asked = 0

    def handle(self, request: Request) -> Reply:
        """Carry out one request."""
        visit = _understood(request, self.clock.now())
        self._asked += 1
        for office in self.offices.values():
            office.reservations.expire(visit.now)
        cut = self._trouble.cut_before(visit.operation)
        if cut is not None:
            self.counts[visit.operation, 0] += 1
            return Reply(0, cut=cut)
        reply = self._trouble.spoil(visit.operation, self._reply(visit), writes=visit.writes)
        if reply.delay and visit.writes and visit.client_id and self.limits is not None:
            speed = float(getattr(self.clock, "speed", 1.0))  # the delay is wall time
            self.limits.busy(visit.client_id, visit.now + timedelta(seconds=reply.delay * speed))
        self.counts[visit.operation, reply.status if reply.cut is None else 0] += 1
        return reply

    def _reply(self, visit: _Visit) -> Reply:
        trace_id = f"{self._asked:012x}"
        headers = {
            "content-type": JSON,
            "x-tims-trace-id": trace_id,
            "x-tims-api-version": API_VERSION,
        }
        try:
            self._trouble.refuse_before(visit.operation)
            if visit.operation == TOKEN:
                answer = self.keyring.issue(visit.request, visit.now)
            else:
                answer = self._answer(visit, headers)
        except Refusal as refusal:
            headers.update(refusal.headers)
            headers["content-type"] = "application/problem+json"
            return Reply(refusal.status, headers, refusal.body(trace_id))
        headers.update(answer.headers)
        if not answer.body:
            del headers["content-type"]
        return Reply(answer.status, headers, answer.body)

    def _answer(self, visit: _Visit, headers: dict[str, str]) -> Answer:
        request, now = visit.request, visit.now
        credential, scopes = self.keyring.recognise(request.headers, now, visit.operation)
        if self.limits is not None:
            visit.client_id = credential.client_id
            headers.update(self.limits.take(credential.client_id, now, writes=visit.writes))
        office = self._office(request.headers, credential.environment)
        route, key = _meant(visit)
        if route.scope and route.scope not in scopes:
            raise Refusal("scope_missing", f"{route.name} needs {route.scope}", scope=route.scope)
        desk = self._desks[office.environment, route.name]
        call = Call(request.query, request.headers, None, key, scopes, now)
        if route.creates:
            once = request.headers.get("idempotency-key", "")
            first = office.idempotency.replay(once, route.name, request.body, now)
            if first is not None:
                return first
            call.body = _body(request, needed=True)
            answer = desk(call)
            office.idempotency.keep(once, route.name, request.body, answer, now)
            return answer
        call.body = _body(request, needed=route.method == "PATCH")
        if route.records:
            self._interfere(office, route, key)
        return desk(call)

    def _office(self, headers: Mapping[str, str], environment: str) -> Office:
        """The office that the headers name, if the key opens it."""
        named = headers.get("x-tims-company", "")
        if not named:
            raise Refusal("company_missing", "Send X-TIMS-Company: <company>/<live|test>")
        office = self.offices[environment]
        if named != f"{office.site.company}/{environment}":
            raise Refusal("wrong_company", f"This key does not open {named}")
        version = headers.get("x-tims-api-version", API_VERSION)
        if version != API_VERSION:
            raise Refusal("api_version_unknown", f"{version} is not offered; {API_VERSION} is")
        return office

    def _interfere(self, office: Office, route: Route, key: str) -> None:
        """Somebody else was faster: the record has a new version."""
        table: Table[Record] = attrgetter(route.records)(office)
        record = table.get(key)
        if record is not None and self._faults.strikes("stale_version", route.name):
            table.touch(record, f"{table.entity}.updated")


def _understood(request: Request, now: datetime) -> _Visit:
    path, method = request.path, request.method
    if path == "/oauth/token" and method == "POST":
        return _Visit(request, now, None, None, TOKEN)
    found = match(path[len(ROOT) :]) if path.startswith(ROOT + "/") else None
    route = found.methods.get(method) if found is not None else None
    return _Visit(request, now, found, route, UNKNOWN if route is None else route.name)


def _meant(visit: _Visit) -> tuple[Route, str]:
    """The route and the key in the path; a 404 or 405 when there is none."""
    if visit.match is None:
        raise Refusal("not_found", f"There is no {visit.request.path}")
    if visit.route is None:
        allowed = ", ".join(visit.match.methods)
        raise Refusal("method_not_allowed", headers={"allow": allowed})
    return visit.route, visit.match.key


def _body(request: Request, *, needed: bool) -> dict[str, Any] | None:
    """The body, which is a JSON object wherever there is one."""
    if not request.body:
        if needed:
            raise Refusal("malformed_request", "A JSON object is expected as body")
        return None
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind not in (JSON, "application/merge-patch+json"):
        raise Refusal("media_type_unsupported", f"{kind} is not JSON")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refusal("malformed_request", "The body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal("malformed_request", "A JSON object is expected as body")
    return body
