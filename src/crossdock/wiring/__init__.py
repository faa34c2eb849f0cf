"""The only place where rooms meet: operations, language, feeds, intakes and the engine."""

from crossdock.wiring.house import House, Watching, load
from crossdock.wiring.language import Language, check_workspace, language_of

__all__ = ["House", "Language", "Watching", "check_workspace", "language_of", "load"]
