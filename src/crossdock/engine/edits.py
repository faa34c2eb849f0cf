"""Values that a person set in a case, applied to what a step gave before the next takes it."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.engine.store.sealed import SEALED
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money


def edited(name: str, value: object, edits: Mapping[str, str]) -> object:
    """`value`, given under `name`, with the edits whose path starts with that name."""
    for path, text in edits.items():
        first, _, rest = path.partition(".")
        if first == name and rest:
            value = _with(value, rest.split("."), text, path)
    return value


def _with(value: object, parts: list[str], text: str, path: str) -> Any:
    if text.startswith(SEALED):
        raise _bad(path, "its value was destroyed when its time was over")
    head, rest = parts[0], parts[1:]
    if isinstance(value, list | tuple):
        if not head.isdigit() or int(head) >= len(value):
            raise _bad(path, f"there is no element {head} (0 to {len(value) - 1})")
        items = list(value)
        items[int(head)] = (
            _with(items[int(head)], rest, text, path)
            if rest
            else _like(items[int(head)], text, path)
        )
        return type(value)(items)
    if not hasattr(value, head) or head.startswith("_"):
        raise _bad(path, f"there is no field {head!r}")
    old = getattr(value, head)
    new = _with(old, rest, text, path) if rest else _like(old, text, path)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{head: new})
    copy = getattr(value, "model_copy", None)  # a connector's model
    if copy is None:
        raise _bad(path, f"{type(value).__name__} cannot be edited")
    return copy(update={head: new})


def _like(old: object, text: str, path: str) -> object:
    """The text as the same type as the value it replaces."""
    try:
        if isinstance(old, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(old, int):
            return int(text)
        if isinstance(old, Decimal):
            return Decimal(text)
        if isinstance(old, Money):
            return Money.parse(text, old.currency)
        if isinstance(old, datetime):
            return datetime.fromisoformat(text)
    except (ValueError, KeyError, InvalidOperation):
        raise _bad(path, f"{text!r} is not a {type(old).__name__}") from None
    if old is None or isinstance(old, str):
        return text
    raise _bad(path, f"a whole {type(old).__name__} cannot be replaced; name a field inside it")


def _bad(path: str, why: str) -> NeedsPerson:
    return NeedsPerson(
        f"the edit {path!r} cannot be applied: {why}",
        kind="edit-refused",
        remedy="Correct it with `crossdock case edit --set`, or drop it with `--unset`.",
    )
