"""How a command ends when something is wrong: sentences, the next command, an exit code."""

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from crossdock.cli.options import MISUSE, NEEDS_PERSON
from crossdock.kernel.errors import (
    ConfigError,
    CrossdockError,
    Defect,
    Misuse,
    NeedsPerson,
    RunError,
    TryAgain,
)

TRACEBACK = "CROSSDOCK_TRACEBACK"


class Root(TyperGroup):
    """The root of all commands: turns every error into words, whoever started the command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.obj = "--json" in args
        try:
            return super().parse_args(ctx, args)
        except _usage_error() as error:
            raise _as_asked(ctx, error) from error

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CrossdockError as error:
            code = tell(error, as_json=bool(ctx.obj))
        except BrokenPipeError:  # `crossdock order list | head`
            sys.stdout = None
            code = 0
        except _usage_error() as error:
            raise _as_asked(ctx, error) from error
        except Exception as error:
            if isinstance(error, typer.Exit | typer.Abort) or _wanted():
                raise
            code = tell(_named(error), as_json=bool(ctx.obj))
        raise typer.Exit(code)


def _as_asked(ctx: Any, error: Exception) -> Exception:
    """Wrong words in typer's own way, or as the JSON that was asked for."""
    if not ctx.obj:
        return error
    return typer.Exit(tell(Misuse(error.format_message()), as_json=True))  # type: ignore[attr-defined]


def _named(error: Exception) -> CrossdockError:
    """A file or folder that cannot be used is the caller's to choose; all else is our fault."""
    if isinstance(error, OSError) and isinstance(error.filename, str | bytes | os.PathLike):
        return Misuse(
            f"{os.fsdecode(error.filename)}: {error.strerror}; name another, or change it"
        )
    return unexpected(error)


def _usage_error() -> type[Exception]:
    """What typer raises for wrong words: it says so itself, with exit code 2."""
    return next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def _wanted() -> bool:
    """A developer asked for the traceback."""
    return bool(os.environ.get(TRACEBACK))


def tell(error: CrossdockError, *, as_json: bool = False) -> int:
    """Print an error as sentences, or as {"error": ...}; the exit code."""
    from crossdock.cli.output import complain, note, show_json

    error = _store_away(error) or error
    if as_json:
        show_json({"error": _as_data(error)})
    else:
        first, *rest = _as_lines(error)
        complain(first)
        for line in rest:
            note(line)
    return MISUSE if isinstance(error, Misuse) else NEEDS_PERSON


def _store_away(error: CrossdockError) -> NeedsPerson | None:
    """A running worker tries again by itself; a command ends, and says what to do."""
    if not isinstance(error, TryAgain) or error.code != "store-away":
        return None
    remedy = "Start it, or correct `store` in crossdock.yaml; then: crossdock doctor"
    return NeedsPerson(error.message, kind="store-away", remedy=remedy, code=error.code)


def _as_lines(error: CrossdockError) -> list[str]:
    if isinstance(error, ConfigError):
        count = len(error.problems)
        head = "1 thing to put right:" if count == 1 else f"{count} things to put right:"
        return [head, *(f"  {p}" for p in error.problems), "Then: crossdock doctor"]
    if isinstance(error, Defect):
        facts = [f"  {name}: {value}" for name, value in error.reproduce.items()]
        return [f"This is a fault in Crossdock: {error}", *facts, _report_advice()]
    if isinstance(error, NeedsPerson):
        return [str(error), error.remedy]
    if isinstance(error, TryAgain):
        return [str(error), "It may pass by itself; look with: crossdock doctor"]
    return [str(error)]


def _report_advice() -> str:
    return f"Report these lines; {TRACEBACK}=1 shows where it happened. Then: crossdock doctor"


def _as_data(error: CrossdockError) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, ConfigError):
        data["problems"] = error.problems
    if isinstance(error, RunError):
        data |= {"code": error.code, "request_id": error.request_id}
    if isinstance(error, NeedsPerson):
        data |= {"case_kind": error.kind, "remedy": error.remedy}
    if isinstance(error, Defect):
        data["reproduce"] = error.reproduce
    return data


def unexpected(error: Exception) -> Defect:
    """Something that we did not raise on purpose; where, but not its words (personal?)."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "crossdock" in f.filename] or list(frames)
    where = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in ours[-6:]]
    return Defect(
        type(error).__name__, code=type(error).__name__, reproduce={"where": ", ".join(where)}
    )
