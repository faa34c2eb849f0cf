"""A workspace folder to Settings. Every problem is found in one go, each with line and field."""

import dataclasses
import os
import re
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from crossdock.kernel.errors import ConfigError, Misuse, Problem, nearest
from crossdock.settings import secrets
from crossdock.settings.model import NO_SECRET, Secret, Settings, Written
from crossdock.settings.values import CHECKS, READERS, Refused, one_of, text

FILE = "crossdock.yaml"
WORKSPACE = "CROSSDOCK_WORKSPACE"
_CONNECTIONS = ("amazon", "tims")
_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def find_workspace(asked: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder asked for, or named by CROSSDOCK_WORKSPACE, or the nearest one above that holds a
    crossdock.yaml.
    """
    if asked is None and environment.get(WORKSPACE):
        asked = Path(environment[WORKSPACE])
    if asked is not None:
        if not (asked / FILE).is_file():
            raise Misuse(
                f"{asked} holds no {FILE}; `crossdock init {asked}` makes a workspace there"
            )
        return asked.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise Misuse(
        f"no {FILE} in {here} or above it; `crossdock init` makes a workspace, "
        "`--workspace DIR` names one"
    )


def read_settings(
    workspace: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    tolerate: bool = False,
) -> Settings:
    """The settings of a workspace, or ConfigError with all that is wrong. `tolerate` leaves what is
    wrong with the connections in Settings.problems, for work that calls nobody.
    """
    problems: list[Problem] = []
    known = {**secrets.read(workspace, problems), **environment}
    document = _document(workspace / FILE, problems)
    reader = _Reader(document, known, problems)
    written = reader.section(Written, document.value, "")
    _belongs_together(written, reader)
    settings = _settings(workspace, written, reader)
    connections = [p for section in _CONNECTIONS for p in settings.problems_of(section)]
    if not tolerate:
        settings.require()
    elif len(connections) < len(settings.problems):
        raise ConfigError(settings.problems)
    return settings


def _settings(workspace: Path, written: Written, reader: "_Reader") -> Settings:
    store = written.store
    if store.startswith("sqlite:///"):
        store = f"sqlite:///{(workspace / store.removeprefix('sqlite:///')).resolve()}"
    shared = not store.startswith("sqlite")
    worker = written.worker or (f"{socket.gethostname()}-{os.getpid()}" if shared else "main")
    return Settings(
        workspace, store, worker, written.listen, written.amazon, written.tims,
        written.policy, written.privacy, written.freshness, written.keep_history, written.clock,
        tuple(reader.problems), tuple(reader.open_secrets),
    )  # fmt: skip


def _belongs_together(written: Written, reader: "_Reader") -> None:
    """What no field can know alone."""
    tims, queue = written.tims, written.amazon.queue
    signed = tims.api_key or (tims.client_id and tims.client_secret)
    if not signed and not reader.unsure:
        reader.report(
            "tims", "names no credential.",
            "Fill in client_id and client_secret, or api_key for an older site.",
        )  # fmt: skip
    if queue is not None and bool(queue.access_key) != bool(queue.secret_key):
        fix = "Fill in both, or neither to use the machine's own AWS credentials."
        reader.report("amazon.queue", "has one half of its key.", fix)
    if not 0 < written.listen.port < 65536:
        reader.report("listen.port", f"{written.listen.port} is not a port.", "Use 1 to 65535.")
    if written.privacy.keep > timedelta(days=30):
        fix = "Amazon allows at most 30 days after delivery; write 30d or less."
        reader.report("privacy.keep", "is longer than 30 days.", fix)
    if written.policy.first_back_off > written.policy.longest_back_off:
        fix = "Make longest_back_off the longer one."
        reader.report("policy.first_back_off", "is longer than longest_back_off.", fix)


@dataclasses.dataclass(frozen=True, slots=True)
class _Document:
    value: object
    lines: Mapping[str, int]  # field path -> line
    doubled: frozenset[str] = frozenset()  # nobody knows which of the two was meant


def _document(path: Path, problems: list[Problem]) -> _Document:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        value = yaml.SafeLoader("").construct_document(node) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        raise ConfigError(
            [*problems, Problem(FILE, where, f"is not YAML: {error.problem}.", "Check the indent.")]
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise ConfigError(
            [*problems, Problem(FILE, "the file", f"cannot be read: {error}.")]
        ) from None
    lines: dict[str, int] = {}
    doubled: set[str] = set()
    _note_lines(node, "", lines, problems, doubled)
    return _Document(value, lines, frozenset(doubled))


def _note_lines(
    node: Any, at: str, lines: dict[str, int], problems: list[Problem], doubled: set[str]
) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        path = f"{at}.{key.value}" if at else str(key.value)
        line = key.start_mark.line + 1
        if path in lines:
            what = f"stands there already in line {lines[path]}."
            problems.append(Problem(FILE, f"line {line}, {path}", what, "Keep one of them."))
            doubled.add(path)
        lines[path] = line
        _note_lines(value, path, lines, problems, doubled)


class _Reader:
    """Fills the dataclasses of model.py from a document, by their types and metadata."""

    def __init__(
        self, document: "_Document", known: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self._lines, self._known = document.lines, known
        self._doubled = document.doubled
        self.problems = problems
        self.open_secrets: list[str] = []
        self.unsure = bool(problems)  # secrets.env could not be read: what it lacks is not said
        self._unknown: set[str] = set()

    def report(self, path: str, what: str, fix: str = "") -> None:
        """A problem with a field: its line when it has one."""
        line = self._lines.get(path)
        where = f"line {line}, {path}" if line else path
        self.problems.append(Problem(FILE, where, what, fix))

    def section(self, kind: type[Any], value: object, at: str) -> Any:
        """One dataclass; blanks where a field is wrong."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.report(at or FILE, "is not a section with fields.", "Indent its fields below it.")
            return kind()
        fields = {f.name: f for f in dataclasses.fields(kind)}
        for name in value:
            if name not in fields:
                what = f"{name!r} is not a setting."
                self.report(_join(at, name), what, nearest(str(name), list(fields)))
        types = get_type_hints(kind)
        taken: dict[str, Any] = {}
        for name, field in fields.items():
            path = _join(at, name)
            if value.get(name) is not None:
                taken |= self._field(field, types[name], value[name], path)
            elif field.metadata.get("needed"):
                self._missing(field, types[name], path, taken)
        return kind(**taken)

    def _missing(self, field: Any, declared: Any, path: str, taken: dict[str, Any]) -> None:
        if dataclasses.is_dataclass(declared):  # every field of it that is needed
            taken[field.name] = self.section(declared, {}, path)  # type: ignore[arg-type]
        elif not any(path.startswith(f"{section}.") for section in self._doubled):
            self.report(path, "is missing.", "Fill it in.")

    def _field(self, field: Any, declared: Any, value: object, path: str) -> dict[str, Any]:
        inner = [t for t in get_args(declared) if dataclasses.is_dataclass(t)]
        if dataclasses.is_dataclass(declared) or inner:
            kind: Any = inner[0] if inner else declared
            return {field.name: self.section(kind, value, path)}
        had = len(self.problems)
        filled = self._filled(value, path)
        if len(self.problems) > had or path in self._unknown:
            return {}
        if filled == "" and value != "" and not field.metadata.get("needed"):
            return {}  # ${NAME} that is empty: as if left out
        try:
            read = self._read(field, declared, filled, value, path)
        except Refused as refused:
            self.report(path, refused.what, refused.fix)
            return {}
        if field.metadata.get("needed") and not read:
            self.report(path, "is empty.", _where_to_fill(value))
            return {}
        return {field.name: read}

    def _read(self, field: Any, declared: Any, value: object, raw: object, path: str) -> Any:
        if declared is Secret:
            if value and value == raw:
                self.open_secrets.append(path)
            return self._secret(value)
        if get_origin(declared) is not None and declared not in READERS:
            return one_of(get_args(declared))(value)
        read = READERS[declared](value)
        if read != "" and "kind" in field.metadata:
            CHECKS[field.metadata["kind"]](read)
        least = field.metadata.get("least")
        if least is not None and read < least:
            raise Refused(f"{read} is too small.", f"Use {least} or more.")
        return read

    @staticmethod
    def _secret(value: object) -> Secret:
        try:
            return Secret(text(value)) if value else NO_SECRET
        except Refused:  # its words are not repeated
            raise Refused("is not text.", "Put it in quotes.") from None

    def _filled(self, value: object, path: str) -> object:
        """The value with ${NAME} replaced; a name that nobody set is a problem."""
        if isinstance(value, list):
            return [self._filled(item, path) for item in value]
        if not isinstance(value, str):
            return value

        def put(match: re.Match[str]) -> str:
            name, otherwise = match[1], match[2]
            found = self._known.get(name)
            if not found and otherwise is not None:
                found = otherwise
            if found is None and self.unsure:
                self._unknown.add(path)
            elif found is None:
                fix = f"Add {name}=... to secrets.env, or set it in the environment."
                self.report(path, f"${{{name}}} is not set.", fix)
            return found or ""

        return _NAMED.sub(put, value)


def _where_to_fill(value: object) -> str:
    match = _NAMED.search(value) if isinstance(value, str) else None
    return f"Fill in {match[1]} in secrets.env." if match else "Fill it in."


def _join(at: str, name: object) -> str:
    return f"{at}.{name}" if at else str(name)
