"""The world's own door: look at the truth, switch faults, let people come, ask for the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crossdock.simulators.wire import Reply, Request
from crossdock.simulators.world.repricing import reprice
from crossdock.simulators.world.scenario import from_dict
from crossdock.simulators.world.shelves import count_stock, shelves
from crossdock.simulators.world.shopwindow import window
from crossdock.simulators.world.tags import tags
from crossdock.simulators.world.world import World

BUFFER = 2  # units of an item that the demo's rule keeps back
Answer = Callable[[Any], object]


class Control:
    """GET and POST below /_world. Runs under the server's lock, so the world stands still."""

    def __init__(self, world: World, config: Callable[[], Mapping[str, Any]]) -> None:
        self._world, self._config = world, config
        self._answers: Mapping[tuple[str, str], Answer] = {
            ("GET", "status"): lambda _: world.status(),
            ("GET", "truth"): lambda _: world.truth().as_dict(),
            ("GET", "clock"): lambda _: {"now": world.clock.now().isoformat(), **self._clock()},
            ("GET", "config"): lambda _: {**config(), "lookups": world.lookup_files()},
            ("GET", "faults"): lambda _: self._faults(),
            ("GET", "verdict"): lambda _: world.verdict().as_dict(),
            ("POST", "verdict"): self._verdict,
            ("POST", "faults"): self._set_faults,
            ("POST", "people"): lambda body: {"coming": world.start_people(from_dict(body or {}))},
            ("POST", "quiet"): self._quiet,
            ("POST", "close_settlements"): lambda _: world.close_settlements(),
            ("GET", "ledger"): lambda _: world.ledger(),
            ("GET", "bank_statement"): lambda _: {"ofx": world.bank_statement()},
            ("GET", "shelves"): lambda _: self._shelves(),
            ("POST", "count_stock"): lambda body: count_stock(world, body["seed"], body["items"]),
            ("POST", "tags"): self._tags,
            ("POST", "window"): self._window,
            ("POST", "reprice"): lambda body: reprice(world, body["seed"], body["items"]),
            ("POST", "remove_shops"): lambda _: {"removed": world.remove_shops()},
        }

    def handle(self, request: Request) -> Reply:
        """Carry out one request."""
        name = request.path.removeprefix("/_world/")
        answer = self._answers.get((request.method, name))
        if answer is None:
            valid = ", ".join(f"{method} /_world/{name}" for method, name in self._answers)
            return Reply.json(404, {"error": f"valid: {valid}"})
        try:
            return Reply.json(200, answer(request.json() if request.body else None))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return Reply.json(400, {"error": f"{type(error).__name__}: {error}"})

    def _clock(self) -> dict[str, Any]:
        return {"clock": self._config().get("clock")}

    def _shelves(self) -> list[dict[str, Any]]:
        return [shelf.as_dict(BUFFER) for shelf in shelves(self._world)]

    def _window(self, body: Any) -> list[dict[str, Any]]:
        rows = window(self._world, self._world.began, float(body["bound"]), BUFFER)
        return [asdict(row) for row in rows]

    def _tags(self, body: Any) -> list[dict[str, Any]]:
        since = datetime.fromisoformat(body["since"]) if body and body.get("since") else None
        return [tag.as_dict() for tag in tags(self._world, since)]

    def _verdict(self, body: Any) -> object:
        cases = body.get("cases", []) if isinstance(body, dict) else body or []
        return self._world.verdict(cases).as_dict()

    def _set_faults(self, body: Any) -> object:
        self._world.load_faults(body.get("amazon", ()), body.get("tims", ()))
        return self._faults()

    def _quiet(self, _: Any) -> object:
        self._world.quiet()
        return self._world.status()

    def _faults(self) -> dict[str, Any]:
        companies = {"amazon": self._world.amazon.faults, "tims": self._world.tims.faults}
        return {
            name: {
                "set": [
                    {"fault": f.name, "on": f.on, "chance": f.chance, "struck": f.struck}
                    for f in faults.all()
                ],
                "known": dict(faults.names),
            }
            for name, faults in companies.items()
        }
