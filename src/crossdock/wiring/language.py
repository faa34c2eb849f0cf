"""Flows, mappings and lookup tables: the shipped ones, with the workspace's laid over them."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossdock import business
from crossdock.business.catalogue import model as catalogue
from crossdock.business.customers import functions as customer_functions
from crossdock.business.customers import model as customers
from crossdock.business.fulfilment import functions as fulfilment_functions
from crossdock.business.fulfilment import model as fulfilment
from crossdock.business.fulfilment import operations as fulfilment_operations
from crossdock.business.orders import functions as order_functions
from crossdock.business.orders import model as orders
from crossdock.business.orders import operations as order_operations
from crossdock.business.settlements import model as settlements
from crossdock.business.stock import model as stock
from crossdock.connectors.amazon import models as amazon
from crossdock.connectors.tims import models as tims
from crossdock.kernel.errors import ConfigError, Problem
from crossdock.kernel.operation import Operation
from crossdock.lang.columns import Columns, read_columns
from crossdock.lang.compile import Mapping as RowMapping
from crossdock.lang.compile import compile_mapping
from crossdock.lang.flow import Flow, FlowSource, check_flow, compile_flow, load_flow
from crossdock.lang.functions import FUNCTIONS, Functions
from crossdock.lang.lookups import LookupTable
from crossdock.lang.mapping import MappingSource, load_mapping
from crossdock.wiring.costfile import cost_problems

SHIPPED = Path(business.__file__).parent

DECISION_TABLES = frozenset({"eligibility"})
"""Read by their capability, row by row: no lookup tables, and a faulty row stops no mapping."""

# The page that explains a key which a table does not hold.
TABLE_KINDS = {"carriers": "carrier-unknown", "skus": "unknown-sku"}

PURE: Mapping[str, Operation] = {**order_operations.OPERATIONS, **fulfilment_operations.OPERATIONS}


@dataclass
class Language:
    """What was read, and everything that is wrong with it."""

    flows: dict[str, Flow] = field(default_factory=dict)
    mappings: dict[str, RowMapping] = field(default_factory=dict)
    tables: dict[str, LookupTable] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)  # nothing runs while there is one
    files: dict[str, Path] = field(default_factory=dict)  # name of a flow or mapping -> its file
    sources: dict[str, MappingSource] = field(default_factory=dict)
    flow_sources: dict[str, FlowSource] = field(default_factory=dict)
    operations: Mapping[str, Operation] = field(default_factory=dict)

    @property
    def table_problems(self) -> list[Problem]:
        """Rows and cells that cannot be used: a record that needs one waits, the others go on."""
        return [p for table in self.tables.values() for p in table.problems]


def read_language(workspace: Path | None, operations: Mapping[str, Operation]) -> Language:
    """Read, check and compile all of it; what is wrong is in `problems`, all at once."""
    language = Language(operations=operations)
    _read_tables(language, workspace)
    _read_mappings(language, workspace)
    _read_flows(language, workspace)
    _compile(language)
    return language


def with_tables(language: Language, workspace: Path) -> tuple[Language, list[Problem]]:
    """The same flows and mappings over the tables as they are now, and which of these cannot be
    read: there the one before stays. All stays as it was where mappings do not fit the tables.
    """
    fresh = replace(language, flows={}, mappings={}, tables={}, problems=[])
    _read_tables(fresh, workspace, before=language.tables)
    unread, fresh.problems = fresh.problems, []
    _compile(fresh)
    return (language if fresh.problems else fresh), [*unread, *fresh.problems]


def _compile(language: Language) -> None:
    """Mappings over the tables, and flows over the mappings."""
    kinds, known_functions = types(), functions()
    for name, source in language.sources.items():
        try:
            language.mappings[name] = compile_mapping(
                source, kinds, known_functions, language.tables
            )
        except ConfigError as error:
            language.problems += error.problems
    # A mapping that is itself broken is reported once, by its own file.
    known: dict[str, MappingSource | RowMapping] = {**language.sources, **language.mappings}
    operations = language.operations
    for name, flow in language.flow_sources.items():
        found = check_flow(flow, operations, known, kinds, functions=known_functions)
        language.problems += found
        if not found and not language.problems:
            language.flows[name] = compile_flow(
                flow, operations, language.mappings, kinds, functions=known_functions
            )


def language_of(settings: Any) -> Language:
    """A workspace's flows, mappings and tables, to look at: needs no account, no store."""
    from crossdock.wiring.operations import without_connections

    return read_language(settings.folder, without_connections())


def check_workspace(settings: Any) -> list[Problem]:
    """Everything that is wrong with a workspace's flows, mappings, tables and rules, costs
    included, as far as the files tell.
    """
    from crossdock.wiring.rulechecks import rule_problems

    language, folder = language_of(settings), settings.folder
    return [
        *language.problems, *language.table_problems, *cost_problems(folder),
        *rule_problems(folder),
    ]  # fmt: skip


def program_files(workspace: Path) -> dict[str, Path]:
    """Every file of flows and mappings, as a person would name it."""
    own = sorted((workspace / "flows").glob("*.yaml"))
    flows = [*sorted(SHIPPED.glob("*/flow*.yaml")), *own]
    files = [*flows, *_layers(workspace, "mappings", "*.yaml")]
    return {_shown(path, workspace): path for path in files}


def types() -> dict[str, Any]:
    """The types that mapping files name: "amazon.Order", "orders.Order", "tims.NewSalesOrder"."""
    rooms = {
        "amazon": amazon,
        "tims": tims,
        "orders": orders,
        "fulfilment": fulfilment,
        "settlements": settlements,
        "customers": customers,
        "stock": stock,
        "catalogue": catalogue,
    }
    return {
        f"{room}.{name}": kind
        for room, module in rooms.items()
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ or room in ("amazon", "tims")
    }


def functions() -> Functions:
    """The functions that rows can use."""
    return {
        **FUNCTIONS,
        **order_functions.FUNCTIONS,
        **fulfilment_functions.FUNCTIONS,
        **customer_functions.FUNCTIONS,
    }


def table_path(workspace: Path, room: str, file: str) -> Path:
    """The lookup table that counts: the workspace's own, or the one that is shipped."""
    own = workspace / "lookups" / file
    return own if own.exists() else SHIPPED / room / "lookups" / file


def _layers(workspace: Path | None, folder: str, pattern: str) -> list[Path]:
    """Shipped files first, then the workspace's, which win by their name."""
    shipped = sorted(SHIPPED.glob(f"*/{folder}/{pattern}" if folder else f"*/{pattern}"))
    own = sorted((workspace / (folder or "flows")).glob(pattern)) if workspace else []
    return shipped + own


def read_table(workspace: Path | None, room: str, name: str) -> LookupTable:
    """One shipped table or the workspace's own; a ConfigError when it cannot be read as a whole."""
    path = table_path(workspace, room, f"{name}.csv") if workspace else (
        SHIPPED / room / "lookups" / f"{name}.csv"
    )  # fmt: skip
    return _table(name, path, workspace, read_rules(workspace)[0])


def read_rules(workspace: Path | None) -> tuple[dict[str, Columns], list[Problem]]:
    """What the cells of each table may hold, and what is wrong with the files that say so."""
    rules: dict[str, Columns] = {}
    problems: list[Problem] = []
    for path in _layers(workspace, "lookups", "columns.yaml"):
        try:
            found, wrong = read_columns(_bytes(path, workspace), _shown(path, workspace))
        except ConfigError as error:
            found, wrong = {}, list(error.problems)
        rules |= found
        problems += wrong
    return rules, problems


def _bytes(path: Path, workspace: Path | None) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror}."
        raise ConfigError([Problem(_shown(path, workspace), "the file", what)]) from error


def _table(
    name: str, path: Path, workspace: Path | None, rules: Mapping[str, Columns]
) -> LookupTable:
    return LookupTable.read(
        name, _bytes(path, workspace), _shown(path, workspace),
        TABLE_KINDS.get(name, "mapping-stopped"), rules.get(name),
    )  # fmt: skip


def _read_tables(
    language: Language, workspace: Path | None, before: Mapping[str, LookupTable] | None = None
) -> None:
    known = before or {}
    files = {path.stem: path for path in _layers(workspace, "lookups", "*.csv")}
    rules, language.problems[:] = read_rules(workspace)
    for name, path in files.items():
        if name in DECISION_TABLES:
            continue
        file, old = _shown(path, workspace), known.get(name)
        try:
            if old is not None and old.file != file and path.is_relative_to(SHIPPED):
                raise _gone(old.file)
            language.tables[name] = _table(name, path, workspace, rules)
        except ConfigError as error:
            language.problems += error.problems
            language.tables[name] = old or LookupTable.unread(name, file)
    for name in known.keys() - files.keys():
        language.problems += _gone(known[name].file).problems
        language.tables[name] = known[name]


def _gone(file: str) -> ConfigError:
    """A workspace's own table must not become the shipped example by being moved away."""
    fix = "Put it back, or start again without it."
    return ConfigError([Problem(file, "the file", "is gone.", fix)])


def _read_mappings(language: Language, workspace: Path | None) -> None:
    for path in _layers(workspace, "mappings", "*.yaml"):
        source = load_mapping(path.read_bytes(), _shown(path, workspace))
        if not source.name:
            language.problems += source.problems
            continue
        language.sources[source.name] = source
        language.files[source.name] = path


def _read_flows(language: Language, workspace: Path | None) -> None:
    own = sorted((workspace / "flows").glob("*.yaml")) if workspace else []
    for path in [*sorted(SHIPPED.glob("*/flow*.yaml")), *own]:
        source = load_flow(path.read_bytes(), _shown(path, workspace))
        if not source.name:
            language.problems += source.problems
            continue
        language.flow_sources[source.name] = source
        language.files[source.name] = path


def _shown(path: Path, workspace: Path | None) -> str:
    """The file as a person would name it: orders/flow.yaml, lookups/skus.csv."""
    base = workspace if workspace and path.is_relative_to(workspace) else SHIPPED
    return str(path.relative_to(base))
