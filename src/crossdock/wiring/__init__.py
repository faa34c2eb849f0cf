"""The only place where rooms meet: operations, language, feeds, intakes and the engine.

What is named here is imported when it is used first: a command that reads a settlement needs
neither engine nor connections.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.wiring.house import House, Watching, load
    from crossdock.wiring.language import Language, check_workspace, language_of

__all__ = ["House", "Language", "Watching", "check_workspace", "language_of", "load"]

_IN = {
    "House": "house", "Watching": "house", "load": "house",
    "Language": "language", "check_workspace": "language", "language_of": "language",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_IN[name]}"), name)
