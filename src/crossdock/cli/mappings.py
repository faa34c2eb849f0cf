"""crossdock mapping: what a mapping makes of a sample."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import NEEDS_PERSON, Json, Workspace, group
from crossdock.kernel.errors import Misuse, nearest

if TYPE_CHECKING:
    from crossdock.lang.compile import Mapping, Preview
    from crossdock.lang.retelling import RowResult

app = group("Mappings: rows from one company's words to another's.")
LARGEST = 20_000_000  # bytes of a sample


@app.command("preview")
def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sample document, JSON.")],
    *,
    name: Annotated[
        str | None,
        typer.Option("--mapping", "-m", help="Its name; else what the document fits tells it."),
    ] = None,
    personal: Annotated[
        bool, typer.Option("--show-personal", help="Print names and addresses too.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """What a mapping makes of a sample document, row by row, and where each value came from."""
    from crossdock import wiring
    from crossdock.cli import output
    from crossdock.cli.session import settings_of

    document = _document(file)
    mappings = wiring.language_of(settings_of(workspace)).mappings
    if name is None:
        mapping, sample = _told_by(mappings, document, file)
    else:
        mapping = _named(mappings, name)
        sample = _sample(mapping, document, file)
    told = mapping.preview(sample)
    lineage = _lineage(mapping, sample) if not told.problems else {}
    rows = [_row(row, lineage, personal=personal) for row in told.rows]
    if as_json:
        output.show_json({
            "mapping": mapping.name, "version": mapping.version, "ok": not told.problems,
            "value": _shown(told.value, personal=personal), "rows": rows,
        })  # fmt: skip
    else:
        _draw(mapping, told, rows, personal=personal)
    if told.problems:
        raise typer.Exit(NEEDS_PERSON)


def _document(file: Path) -> Any:
    import json
    from decimal import Decimal

    if not file.is_file():
        raise Misuse(f"{file} is not a file; name a JSON document")
    if file.stat().st_size > LARGEST:
        raise Misuse(f"{file} is larger than {LARGEST // 1_000_000} MB; preview one document")
    try:
        return json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise Misuse(f"{file} is not UTF-8; save it as UTF-8") from None
    except ValueError as error:
        raise Misuse(f"{file} is not JSON: {error}") from None


def _named(mappings: Any, name: str) -> "Mapping":
    if name not in mappings:
        raise Misuse(f"no mapping is called {name!r}. {nearest(name, list(mappings))}")
    found: Mapping = mappings[name]
    return found


_FIRST = ("orders.from_amazon", "fulfilment.shipment", "orders.tims_facts")
"""Of several mappings that take the same document, the one that people mean."""


def _told_by(mappings: Any, document: Any, file: Path) -> "tuple[Mapping, Any]":
    """The mapping that takes such a document; a Misuse when there are none or several."""
    fitting = {}
    for name, mapping in mappings.items():
        with suppress(Misuse):
            fitting[name] = (mapping, _sample(mapping, document, file))
    first = next((name for name in _FIRST if name in fitting), None)
    if first is None and len(fitting) == 1:
        first = next(iter(fitting))
    if first is None:
        names = ", ".join(sorted(fitting or mappings))
        what = "fits several mappings" if fitting else "fits no mapping"
        raise Misuse(f"{file} {what}; name one with --mapping: {names}")
    if len(fitting) > 1:
        from crossdock.cli.output import note

        others = ", ".join(sorted(fitting.keys() - {first}))
        note(f"Taken for {first}; others that fit it, by --mapping: {others}")
    found: tuple[Mapping, Any] = fitting[first]
    return found


def _sample(mapping: "Mapping", document: Any, file: Path) -> Any:
    """The document as the type that the mapping takes; several sources come under their names."""
    from crossdock.cli.samples import parsed

    sources = list(mapping.source.sources)
    if len(mapping.takes) == 1:
        return parsed(mapping.takes[0], document, str(file))
    missing = [s for s in sources if not isinstance(document, dict) or s not in document]
    if missing:
        raise Misuse(f"{mapping.name} takes {', '.join(sources)}; {file} lacks {missing[0]!r}")
    pairs = zip(sources, mapping.takes, strict=True)
    return {s: parsed(kind, document[s], f"{file}: {s}") for s, kind in pairs}


def _lineage(mapping: "Mapping", sample: Any) -> dict[str, dict[str, Any]]:
    from crossdock.lang.lineage import Trace

    trace = Trace()
    mapping.apply(sample, trace)
    return {
        w.target: {"from": list(w.sources), "base": w.base, "using": list(w.functions),
                   "lookup": w.lookup, "fingerprint": w.fingerprint}
        for w in trace
    }  # fmt: skip


def _row(row: "RowResult", lineage: dict[str, dict[str, Any]], *, personal: bool) -> dict[str, Any]:
    return {
        "target": row.target, "row": row.row, "line": row.line,
        "value": _under_name(row.target, row.value, personal=personal),
        "problem": row.problem, "remedy": row.remedy, **lineage.get(row.target, {}),
    }  # fmt: skip


def _under_name(target: str, value: Any, *, personal: bool) -> Any:
    """Whether a value is personal is told by the names on its path."""
    from crossdock.kernel.redact import MASK
    from crossdock.lang.lineage import is_personal

    if not personal and value is not None and is_personal(target):
        return MASK
    return _shown(value, personal=personal)


def _shown(value: Any, *, personal: bool) -> Any:
    from crossdock.cli.output import plain
    from crossdock.kernel.redact import masked

    return plain(value) if personal else masked(plain(value))


def _draw(
    mapping: "Mapping", told: "Preview", rows: list[dict[str, Any]], *, personal: bool
) -> None:
    import json

    from crossdock.cli import output

    output.say(f"{mapping.name} version {mapping.version} ({mapping.source.file})", "bold")
    output.table(
        ("target", "value", "from", "through", "line"),
        [
            (r["target"], (r["problem"], "red") if r["problem"] else _text(r["value"]),
             _origin(r), ", ".join(filter(None, (*r.get("using", ()), r.get("lookup", "")))),
             str(r["line"]))
            for r in rows
        ],
    )  # fmt: skip
    if told.problems:
        remedies = dict.fromkeys(row.remedy for row in told.problems if row.remedy)
        output.complain(f"{len(told.problems)} rows cannot be written. {' '.join(remedies)}")
        return
    output.say("")
    value = _shown(told.value, personal=personal)
    output.say(json.dumps(value, indent=2, ensure_ascii=False))
    if not personal:
        output.note("Personal values are masked; --show-personal prints them.")


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _origin(row: dict[str, Any]) -> str:
    base, paths = row.get("base", ""), ", ".join(row.get("from", ()))
    return f"{base}: {paths}" if base else paths
