"""Amazon's own description of its answers, as far as tests ask it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema

FILES = (
    "orders-api-model/orders_2026-01-01.json",
    "orders-api-model/ordersV0.json",
    "sellers-api-model/sellers.json",
    "notifications-api-model/notifications.json",
    "reports-api-model/reports_2021-06-30.json",
    "finances-api-model/finances_2024-06-19.json",
    "finances-api-model/financesV0.json",
    "listings-items-api-model/listingsItems_2021-08-01.json",
    "feeds-api-model/feeds_2021-06-30.json",
    "fba-inventory-api-model/fbaInventory.json",
    "listings-restrictions-api-model/listingsRestrictions_2021-08-01.json",
    "catalog-items-api-model/catalogItems_2022-04-01.json",
    "product-type-definitions-api-model/definitionsProductTypes_2020-09-01.json",
)
METHODS = {"get", "post", "put", "patch", "delete"}

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


class Published:
    """The model files: which answer an operation may give, and its shape."""

    def __init__(self, folder: Path) -> None:
        self._answers: dict[tuple[str, int], Any] = {}
        self.rates: dict[str, tuple[float, int]] = {}  # operation -> requests per second, burst
        for file in FILES:
            model = json.loads((folder / "models" / file).read_text("utf-8"))
            for operation in _operations(model):
                name = operation["operationId"]
                self.rates[name] = _rate(operation["description"])
                for status, response in operation["responses"].items():
                    self._answers[name, int(status)] = _validator(model, response)
        feeds = folder / "schemas" / "feeds"
        self.feed = _draft7(json.loads((feeds / "listings-feed-schema-v2.json").read_text("utf-8")))
        report = feeds / "listings-feed-processing-report-schema-v2.json"
        self.feed_report = _draft7(_closed(json.loads(report.read_text("utf-8"))))
        path = folder / "schemas" / "notifications" / "OrderChangeNotification.json"
        self.order_change = _draft7(json.loads(path.read_text("utf-8")))

    def check(self, operation: str, status: int, body: bytes) -> None:
        """The answer is one that Amazon describes, without a field that Amazon does not know."""
        assert (operation, status) in self._answers, f"{operation} never answers {status}"
        validator = self._answers[operation, status]
        if validator is None:
            assert body == b"", f"{operation} {status} has no body"
        else:
            validator.validate(json.loads(body))


def _operations(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for path, methods in model["paths"].items():
        for method, operation in methods.items():
            # The old Orders API has a getOrder of its own.
            old = path.startswith("/orders/v0/") and operation["operationId"] == "getOrder"
            if method in METHODS and not old:
                yield operation


def _rate(description: str) -> tuple[float, int]:
    """From the usage plan's table; (0, 0) without one."""
    found = re.search(r"\| ([0-9.]+) \| ([0-9]+) \|", description)
    return (float(found[1]), int(found[2])) if found else (0.0, 0)


def _validator(model: Mapping[str, Any], response: Mapping[str, Any]) -> Any:
    if "schema" not in response:
        return None
    # Filters are put together with allOf, so one part must not refuse another's fields.
    known = {
        name: schema if name.endswith("Filter") else _closed(schema)
        for name, schema in model["definitions"].items()
    }
    return _draft7({**response["schema"], "definitions": known})


def _closed(schema: Any) -> Any:
    """The schema, refusing fields that it does not name."""
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items() if name != "properties"}
    if "properties" in schema:
        closed["properties"] = {n: _closed(part) for n, part in schema["properties"].items()}
        closed["additionalProperties"] = False
    return closed


def _draft7(schema: Any) -> Any:
    return jsonschema.Draft7Validator(schema, format_checker=formats)
