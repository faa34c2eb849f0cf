"""A TIMS that enters and releases orders, on real sockets; its line can be cut at chosen writes."""

import json
from typing import Any
from urllib.parse import unquote

from crossdock.simulators.wire import Cut, Reply, Request


class SmallTims:
    """Keeps orders by number; `cuts` are taken one per write, after the write was stored."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, tuple[bytes, str]] = {}
        self.cuts: list[Cut | None] = []
        self.slow = 0.0
        self.tokens = 0

    def handle(self, request: Request) -> Reply:
        if request.path == "/oauth/token":
            self.tokens += 1
            return Reply.json(200, {"access_token": f"b{self.tokens}", "expires_in": 3600})
        if request.headers.get("authorization") != f"Bearer b{self.tokens}":
            return Reply.json(401, {"status": 401, "code": "token_expired"})
        parts = [unquote(x) for x in request.path.removeprefix("/api/v1/").split("/")]
        if request.method == "GET":
            return self._read(request, parts)
        cut = self.cuts.pop(0) if self.cuts else None
        reply = self._enter(request) if len(parts) == 1 else self._move(parts[1], parts[2])
        return Reply(reply.status, reply.headers, reply.body, cut=cut, delay=self.slow)

    def _read(self, request: Request, parts: list[str]) -> Reply:
        if len(parts) == 2:
            order = self.orders.get(parts[1])
            return Reply.json(200, order) if order else Reply.json(404, {"code": "not_found"})
        wanted = request.query.get("external_ref")
        found = [x for x in self.orders.values() if x["ExternalRef"] == wanted]
        return Reply.json(200, {"data": found, "next_cursor": None})

    def _enter(self, request: Request) -> Reply:
        key = request.headers["idempotency-key"]
        if key in self.keys:
            body, number = self.keys[key]
            if body != request.body:
                return Reply.json(409, {"status": 409, "code": "idempotency_mismatch"})
            return Reply.json(200, self.orders[number], {"idempotent-replay": "true"})
        said = request.json()
        if any(x["ExternalRef"] == said["ExternalRef"] for x in self.orders.values()):
            return Reply.json(409, {"status": 409, "code": "duplicate_external_ref"})
        number = f"SO-{len(self.orders) + 1}"
        lines = [{**line, "LineNumber": n} for n, line in enumerate(said["Lines"], 1)]
        order = {
            **said,
            "OrderNumber": number,
            "Status": "Entered",
            "RowVersion": 1,
            "Lines": lines,
        }
        self.orders[number] = order
        self.keys[key] = (request.body, number)
        return Reply.json(201, json.loads(json.dumps(order)))

    def _move(self, number: str, move: str) -> Reply:
        order = self.orders[number]
        wanted = {"release": "Allocated", "cancel": "Cancelled"}[move]
        if order["Status"] == wanted:
            return Reply.json(409, {"status": 409, "code": "invalid_status_transition"})
        order["Status"] = wanted
        return Reply.json(200, order)
