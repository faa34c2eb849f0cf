"""Expressions: checked against types, then closures. `compile_expression` is the door.

Nothing here loops, assigns or reaches a Python attribute that a type does not declare as a field;
the cost of a run is bounded by the size of the text and of the lists it names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol, get_args

from crossdock.kernel.errors import nearest
from crossdock.lang import operators
from crossdock.lang.calling import VALUE_ERRORS
from crossdock.lang.functions import Function, Functions, Unfit, Unsuitable, find_function
from crossdock.lang.operators import category
from crossdock.lang.paths import Absent, Found, Getter, Path, PathProblem, TooMany
from crossdock.lang.syntax import (
    Apply,
    Arithmetic,
    Compare,
    Constant,
    ExpressionError,
    Items,
    Logic,
    Negative,
    Node,
    Not,
    Reference,
    parse_expression,
)
from crossdock.lang.types import (
    Type,
    Unknown,
    element_of,
    is_enum,
    may_be_absent,
    members,
    origin_of,
    present,
    words,
)

Known = frozenset[str]
NOTHING_KNOWN: Known = frozenset()

_NEVER_RUN: Getter = bool  # an expression with an error is not run


class Names(Protocol):
    """What paths mean where the expression stands."""

    def find(self, path: Path, known: Known) -> Found:
        """Where the path leads; PathProblem when nowhere."""
        ...

    def getter(self, path: Path) -> Getter:
        """From the scope of a run to the value; Absent when a part before the end is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. `run` raises Absent, ExpressionError, or a RunError of a function."""

    text: str
    type: Type
    run: Getter
    paths: tuple[str, ...]
    present_when_true: Known  # paths that are there whenever this is true
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    type: Type
    run: Getter
    shown: str = ""  # the path, when it is one


def compile_expression(
    text: str,
    names: Names,
    functions: Functions,
    *,
    lenient: bool = False,
    known: Known = NOTHING_KNOWN,
) -> tuple[Expression | None, list[ExpressionError]]:
    """The expression, or everything that is wrong with it.

    `lenient`: parts that may be absent are not reported, because the caller has decided what
    happens when Absent is raised. `known`: paths that an earlier condition proved present.
    """
    try:
        tree = parse_expression(text)
    except ExpressionError as error:
        return None, [error]
    judge = _Judge(names, functions, lenient)
    part = judge.part(tree, known)
    if judge.errors:
        return None, judge.errors
    facts = _present(tree, True)
    run = _guarded(part.run, text)
    return Expression(text, part.type, run, tuple(judge.paths), facts, tuple(judge.called)), []


def compile_condition(
    text: str, names: Names, functions: Functions, *, known: Known = NOTHING_KNOWN
) -> tuple[Expression | None, list[ExpressionError]]:
    """An expression that answers yes or no."""
    found, errors = compile_expression(text, names, functions, known=known)
    if found is not None and found.type is not bool:
        what = f"this is {words(found.type)}, but a condition is yes or no"
        return None, [ExpressionError(what, 1, "Compare it with something.")]
    return found, errors


def _guarded(run: Getter, text: str) -> Getter:
    def guarded(scope: Any) -> Any:
        try:
            return run(scope)
        except VALUE_ERRORS as error:
            reason = str(error) if isinstance(error, Unsuitable) else type(error).__name__
            raise ExpressionError(f"cannot be worked out: {reason} (in {text!r})") from None
        except TooMany:
            raise ExpressionError(f"walks too long a list (in {text!r})") from None

    return guarded


class _Judge:
    """Types and closures in one walk; errors are collected, never raised."""

    def __init__(self, names: Names, functions: Functions, lenient: bool) -> None:
        self._names, self._functions, self._lenient = names, functions, lenient
        self.errors: list[ExpressionError] = []
        self.paths: list[str] = []
        self.called: list[str] = []
        self._kinds: dict[type, Callable[[Any, Known], _Part]] = {
            Constant: self._constant, Reference: self._reference, Items: self._items,
            Not: self._not, Negative: self._negative, Logic: self._logic,
            Compare: self._compare, Arithmetic: self._arithmetic, Apply: self._apply,
        }  # fmt: skip

    def part(self, node: Node, known: Known) -> _Part:
        return self._kinds[type(node)](node, known)

    def _error(self, node: Node, what: str, fix: str = "") -> _Part:
        self.errors.append(ExpressionError(what, node.column, fix))
        return _Part(Unknown, _NEVER_RUN)

    def _constant(self, node: Constant, known: Known) -> _Part:
        del known
        value = node.value
        return _Part(type(value), lambda _: value)

    def _items(self, node: Items, known: Known) -> _Part:
        del known
        values = tuple(item.value for item in node.items if isinstance(item, Constant))
        return _Part(operators.type_of_items(values), lambda _: values)

    def _reference(self, node: Reference, known: Known) -> _Part:
        path = node.path
        try:
            found = self._names.find(path, known)
            run = self._names.getter(path)
        except PathProblem as problem:
            return self._error(node, problem.what, problem.fix)
        self.paths.append(path.text)
        if found.absent and not self._lenient:
            fix = f"Write {found.absent}? or ask for {found.absent} != none first."
            return self._error(node, f"{found.absent} may be absent.", fix)
        return _Part(found.type, run, path.text)

    def _needed(self, node: Node, known: Known) -> _Part:
        """An operand that must be there. Enum members stand for their values."""
        part = self._value(node, known)
        if part.type is Unknown or not may_be_absent(part.type):
            return part
        shown = part.shown or "this"
        if not self._lenient and part.type is not Any:
            fix = f"Ask for {shown} != none first."
            return self._error(node, f"{shown} may be absent.", fix)
        run = part.run

        def needed(scope: Any) -> Any:
            value = run(scope)
            if value is None:
                raise Absent(shown)
            return value

        return _Part(present(part.type), needed, part.shown)

    def _value(self, node: Node, known: Known) -> _Part:
        part = self.part(node, known)
        if not any(map(is_enum, members(part.type))):
            return part
        run = part.run

        def value(scope: Any) -> Any:
            found = run(scope)
            return found.value if isinstance(found, Enum) else found

        return _Part(operators.without_enums(part.type), value, part.shown)

    def _yes_no(self, node: Node, known: Known) -> _Part:
        part = self._needed(node, known)
        if part.type not in (bool, Unknown):
            fix = "Compare it with something."
            return self._error(node, f"{part.shown or 'this'} is {words(part.type)}.", fix)
        return part

    def _not(self, node: Not, known: Known) -> _Part:
        run = self._yes_no(node.operand, known).run
        return _Part(bool, lambda scope: not run(scope))

    def _logic(self, node: Logic, known: Known) -> _Part:
        proves = node.operator == "and"
        runs = []
        for operand in node.operands:
            runs.append(self._yes_no(operand, known).run)
            known = known | _present(operand, proves)
        return _Part(bool, operators.all_of(runs) if proves else operators.any_of(runs))

    def _negative(self, node: Negative, known: Known) -> _Part:
        part = self._needed(node.operand, known)
        if part.type is not Unknown and category(part.type) not in ("number", "Money"):
            return self._error(node, f"minus takes a number or Money, not {words(part.type)}.")
        run = part.run
        return _Part(part.type, lambda scope: -run(scope))

    def _arithmetic(self, node: Arithmetic, known: Known) -> _Part:
        left, right = self._needed(node.left, known), self._needed(node.right, known)
        if Unknown in (left.type, right.type):
            return _Part(Unknown, _NEVER_RUN)
        gives = operators.arithmetic_gives(node.operator, left.type, right.type)
        if gives is None:
            what = f"{words(left.type)} {node.operator} {words(right.type)} has no meaning."
            return self._error(node, what)
        return _Part(gives, operators.arithmetic(node.operator, left.run, right.run))

    def _compare(self, node: Compare, known: Known) -> _Part:
        if node.operator in ("in", "not in"):
            return self._membership(node, known)
        ordered = node.operator not in ("==", "!=")
        operand = self._needed if ordered else self._value
        left, right = operand(node.left, known), operand(node.right, known)
        if Unknown not in (left.type, right.type):
            what, fix = operators.comparison_problem(node.operator, left.type, right.type)
            self._check_words(node, left, node.right)
            self._check_words(node, right, node.left)
            if what:
                return self._error(node, what, fix)
        return _Part(bool, operators.comparison(node.operator, left.run, right.run))

    def _membership(self, node: Compare, known: Known) -> _Part:
        left, right = self._value(node.left, known), self._needed(node.right, known)
        if Unknown not in (left.type, right.type):
            problem = operators.membership_problem(left.type, right.type)
            if problem:
                return self._error(node, problem)
            for item in node.right.items if isinstance(node.right, Items) else ():
                self._check_words(node, left, item)
            inner = element_of(right.type)
            if inner is not None:
                self._check_words(node, _Part(inner, _NEVER_RUN), node.left)
        run = operators.membership(left.run, right.run, element_of(right.type))
        return _Part(bool, run if node.operator == "in" else lambda scope: not run(scope))

    def _check_words(self, node: Node, part: _Part, other: Node) -> None:
        """A text compared with a value that has only some words must be one of them."""
        if not isinstance(other, Constant) or not isinstance(other.value, str):
            return
        bare = operators.without_enums(present(part.type))
        if origin_of(bare) is not Literal or other.value in get_args(bare):
            return
        shown = tuple(str(word) for word in get_args(bare))
        what = f"{part.shown or 'this'} is never {other.value!r}."
        self._error(node, what, nearest(other.value, shown))

    def _apply(self, node: Apply, known: Known) -> _Part:
        try:
            function = find_function(node.function, self._functions)
        except Unfit as unfit:
            return self._error(node, str(unfit))
        parts = [self.part(argument, known) for argument in node.arguments]
        self.called.append(node.function)
        if any(part.type is Unknown for part in parts):
            return _Part(Unknown, _NEVER_RUN)
        try:
            parts = self._arguments(function, node, parts)
            gives, converts = function.given(tuple(part.type for part in parts))
        except Unfit as unfit:
            return self._error(node, f"{node.function} {unfit}.")
        runs = tuple(
            operators.converted(part.run, convert)
            for part, convert in zip(parts, converts, strict=True)
        )
        return _Part(gives, operators.application(node.function, function.run, runs))

    def _arguments(self, function: Function, node: Apply, parts: list[_Part]) -> list[_Part]:
        """With `lenient`, an argument that the function needs stops the run when it is absent."""
        if not self._lenient:
            return parts
        count = len(parts)
        return [
            part
            if not may_be_absent(part.type) or function.takes_nothing_at(number, count)
            else _Part(present(part.type), operators.needed(part.run, part.shown or node.function))
            for number, part in enumerate(parts)
        ]


def _present(node: Node, truth: bool) -> Known:
    """Paths that are certainly there when the node came out as `truth`."""
    if isinstance(node, Not):
        return _present(node.operand, not truth)
    if isinstance(node, Logic):
        if (node.operator == "and") is not truth:
            return NOTHING_KNOWN
        return frozenset().union(*(_present(operand, truth) for operand in node.operands))
    if isinstance(node, Compare):
        return _present_by(node, truth)
    return NOTHING_KNOWN


def _present_by(node: Compare, truth: bool) -> Known:
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(one, Reference) or not isinstance(other, Constant):
            continue
        nothing = other.value is None
        if (node.operator == ("!=" if nothing else "==")) is truth and node.operator in (
            "==",
            "!=",
        ):
            return _prefixes(one.path)
    return NOTHING_KNOWN


def _prefixes(path: Path) -> Known:
    """`a?.b` being there means that `a` and `a.b` are."""
    if any(step.each for step in path.steps):
        return NOTHING_KNOWN
    names = [step.name for step in path.steps]
    return frozenset(".".join(names[:length]) for length in range(1, len(names) + 1))
