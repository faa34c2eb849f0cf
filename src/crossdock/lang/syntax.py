"""The text of an expression to a small tree: paths, comparisons, and/or/not/in, decimal arithmetic,
named functions. Python's own parser reads it; whatever is not on the list is refused by name.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from crossdock.lang.paths import Path, PathProblem, parse_path

MAX_TEXT = 1_000
MAX_NODES = 200
MAX_DEPTH = 24

_PIECES = re.compile(r"'[^'\\\n]*'|\"[^\"\\\n]*\"|[A-Za-z0-9_ .,()<>=!+\-*/%?\[\]]")
_MARK, _EACH = "\u0294", "\u0295\u0295"  # letters to Python's parser, standing for ? and []
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_GLUED = re.compile("(?<![A-Za-z0-9_.\u0294\u0295])[0-9][0-9.]*[A-Za-z_\u0294\u0295]")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "none": None, "null": None}
_COMPARE: dict[type, str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_ARITHMETIC: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
}  # fmt: skip


class ExpressionError(Exception):
    """What is wrong with an expression, and at which character (1 is the first)."""

    def __init__(self, what: str, column: int = 1, fix: str = "") -> None:
        what = what.rstrip(".")
        super().__init__(f"character {column}: {what}")
        self.what, self.column, self.fix = what, column, fix


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, number, yes/no or nothing, as written."""

    value: str | int | Decimal | bool | None
    column: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A path."""

    path: Path
    column: int


@dataclass(frozen=True, slots=True)
class Items:
    """A written list, for `in`."""

    items: tuple["Node", ...]
    column: int


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a yes/no."""

    operand: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus a number or Money."""

    operand: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or` over two or more yes/no values; stops at the first that decides."""

    operator: str
    operands: tuple["Node", ...]
    column: int


@dataclass(frozen=True, slots=True)
class Compare:
    """left operator right."""

    operator: str
    left: "Node"
    right: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """left operator right, exact."""

    operator: str
    left: "Node"
    right: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Apply:
    """A registered function with its arguments."""

    function: str
    arguments: tuple["Node", ...]
    column: int


Node = Constant | Reference | Items | Not | Negative | Logic | Compare | Arithmetic | Apply


def parse_expression(text: str) -> Node:
    """The tree of an expression; ExpressionError, and nothing else, for any other text."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"longer than {MAX_TEXT} characters", MAX_TEXT)
    translated = _translated(text.replace("\n", " ").replace("\t", " "))
    source = translated.strip(" ")
    leading = len(translated) - len(translated.lstrip(" "))
    try:
        tree = ast.parse(source, mode="eval")
    except SyntaxError as error:
        column = leading + (error.offset or len(source) + 1)
        raise ExpressionError("cannot be read here", column) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("nested too deeply") from None
    return _Reader(source, leading).read(tree.body, MAX_DEPTH)


def _translated(text: str) -> str:
    """Only known characters; `?` and `[]` outside texts become letters of the same length."""
    parts, at = [], 0
    while at < len(text):
        piece = _PIECES.match(text, at)
        if piece is None:
            raise _bad_character(text, at)
        found = piece[0]
        if text.startswith("[]", at):
            found, shown = "[]", _EACH
        else:
            shown = _MARK if found == "?" else found
        parts.append(shown)
        at += len(found)
    translated = "".join(parts)
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", lambda m: " " * len(m[0]), translated)
    glued = _GLUED.search(outside)
    if glued:
        raise ExpressionError("a number runs into a name", glued.start() + 1, "Put a space.")
    return translated


def _bad_character(text: str, at: int) -> ExpressionError:
    if text[at] in "'\"":
        return ExpressionError("a text in quotes does not end", at + 1)
    return ExpressionError(f"{text[at]!r} has no meaning here", at + 1)


class _Reader:
    """Python's tree to ours, refusing all that is not on the list."""

    def __init__(self, source: str, leading: int) -> None:
        self._bytes = source.encode()
        self._leading = leading
        self._nodes = 0
        self._kinds: dict[type, Callable[..., Node]] = {
            ast.Constant: self._constant, ast.Name: self._name, ast.Attribute: self._path,
            ast.BoolOp: self._logic, ast.UnaryOp: self._unary, ast.BinOp: self._arithmetic,
            ast.Compare: self._compare, ast.Call: self._apply,
            ast.Tuple: self._items, ast.List: self._items,
        }  # fmt: skip

    def read(self, node: ast.expr, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error(node, f"more than {MAX_NODES} parts", "Write a function.")
        if depth == 0:
            raise self._error(node, f"nested deeper than {MAX_DEPTH} levels", "Write a function.")
        kind = self._kinds.get(type(node))
        if kind is None:
            name = type(node).__name__
            raise self._error(node, f"{name} is not part of this language", "Write a function.")
        return kind(node, depth - 1)

    def _column(self, node: ast.expr) -> int:
        before = self._bytes[: node.col_offset].decode()
        return self._leading + len(before) + 1

    def _error(self, node: ast.expr, what: str, fix: str = "") -> ExpressionError:
        return ExpressionError(what, self._column(node), fix)

    def _constant(self, node: ast.Constant, depth: int) -> Node:
        del depth
        value = node.value
        if isinstance(value, str):
            if node.kind is not None:
                raise self._error(node, "a letter stands before a text")
            return Constant(value.replace(_MARK, "?"), self._column(node))
        if value is None or isinstance(value, bool):
            return Constant(value, self._column(node))
        written = self._bytes[node.col_offset : node.end_col_offset].decode()
        if not _NUMBER.fullmatch(written):
            raise self._error(node, f"{written} is not a number as written here", "Write 12.50.")
        return Constant(Decimal(written) if "." in written else int(written), self._column(node))

    def _name(self, node: ast.Name, depth: int) -> Node:
        if node.id in _CONSTANTS:
            return Constant(_CONSTANTS[node.id], self._column(node))
        return self._path(node, depth)

    def _path(self, node: ast.expr, depth: int) -> Node:
        names: list[str] = []
        here = node
        while isinstance(here, ast.Attribute):
            names.append(here.attr)
            here = here.value
            depth -= 1
            if depth < 0:
                raise self._error(node, f"a path of more than {MAX_DEPTH} names")
        if not isinstance(here, ast.Name):
            raise self._error(node, "a dot follows something that is not a path")
        text = ".".join([here.id, *reversed(names)]).replace(_EACH, "[]").replace(_MARK, "?")
        try:
            return Reference(parse_path(text), self._column(node))
        except PathProblem as problem:
            raise self._error(node, problem.what, problem.fix) from None

    def _logic(self, node: ast.BoolOp, depth: int) -> Node:
        operator = "and" if isinstance(node.op, ast.And) else "or"
        operands = tuple(self.read(value, depth) for value in node.values)
        return Logic(operator, operands, self._column(node))

    def _unary(self, node: ast.UnaryOp, depth: int) -> Node:
        if isinstance(node.op, ast.Not):
            return Not(self.read(node.operand, depth), self._column(node))
        if isinstance(node.op, ast.USub):
            return Negative(self.read(node.operand, depth), self._column(node))
        raise self._error(node, "this sign is not part of this language")

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Node:
        operator = _ARITHMETIC.get(type(node.op))
        if operator is None:
            raise self._error(node, f"{type(node.op).__name__} is not part of this language")
        left, right = self.read(node.left, depth), self.read(node.right, depth)
        return Arithmetic(operator, left, right, self._column(node))

    def _compare(self, node: ast.Compare, depth: int) -> Node:
        operands = [self.read(each, depth) for each in (node.left, *node.comparators)]
        column = self._column(node)
        pairs = []
        for number, sign in enumerate(node.ops):
            operator = _COMPARE.get(type(sign))
            if operator is None:
                raise self._error(node, "`is` is not part of this language", "Write ==.")
            pairs.append(Compare(operator, operands[number], operands[number + 1], column))
        return pairs[0] if len(pairs) == 1 else Logic("and", tuple(pairs), column)

    def _apply(self, node: ast.Call, depth: int) -> Node:
        if not isinstance(node.func, ast.Name):
            raise self._error(node, "only a named function can be called")
        if node.keywords:
            raise self._error(node, "arguments have no names here")
        arguments = tuple(self.read(each, depth) for each in node.args)
        name = node.func.id.replace(_EACH, "[]").replace(_MARK, "?")
        return Apply(name, arguments, self._column(node))

    def _items(self, node: ast.Tuple | ast.List, depth: int) -> Node:
        items = tuple(self.read(each, depth) for each in node.elts)
        if not all(isinstance(item, Constant) for item in items):
            raise self._error(node, "a list holds texts and numbers only")
        return Items(items, self._column(node))
