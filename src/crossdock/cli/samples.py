"""A sample document as the type that a mapping takes."""

from typing import Any

from crossdock.kernel.errors import Misuse

_SHOWN = 5


def parsed(kind: Any, document: Any, file: str) -> Any:
    """The document, or the only thing in it ({"order": {...}} as an API wraps it)."""
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(kind)
    candidates = [document]
    if isinstance(document, dict) and len(document) == 1:
        inner = next(iter(document.values()))
        candidates += [inner] if isinstance(inner, dict | list) else []
    said = ""
    for candidate in candidates:
        try:
            return adapter.validate_python(candidate)
        except ValidationError as error:
            said = _words(error)
    raise Misuse(f"{file} does not fit {_name(kind)}: {said}")


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def _words(error: Any) -> str:
    """Where and why; never the value, which may be personal."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    said = [f"{'.'.join(str(p) for p in e['loc']) or 'the document'}: {e['msg']}" for e in found]
    more = f"; and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return "; ".join(said[:_SHOWN]) + more
