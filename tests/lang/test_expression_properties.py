"""Any text is an expression or our own error, and any expression runs or is refused."""

from hypothesis import given
from hypothesis import strategies as st

from crossdock.lang.expression import compile_expression
from crossdock.lang.paths import Absent
from crossdock.lang.scopes import StepNames
from crossdock.lang.syntax import ExpressionError, parse_expression
from tests.lang.goods import HOUSE
from tests.lang.test_expression import KINDS, VALUES

WORDS = st.sampled_from([
    "order", "count_of", "rate", "name", "maybe", "parcel", "parcels[]", "?", ".", "weight", "tags",
    "lines[]", "sku", "(", ")", ",", "+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", " and ",
    " or ", " not ", " in ", " is ", " if ", " else ", "'x'", '"', "'", "1", "2.5", "none", "true",
    "upper", "count", "money", "to_date", "[", "]", "lambda", ":", "__class__", "{", "}", "=", " ",
    "price", "root", "**", "@", "~", "f'", "b'", "\\", "\n", "ʔ", "ʕʕ", "9", "e5", "yield ", "await ",
])  # fmt: skip


@given(st.text(max_size=50) | st.lists(WORDS, max_size=14).map("".join))
def test_any_text_is_an_expression_or_our_own_error(text: str) -> None:
    try:
        parse_expression(text)
    except ExpressionError as error:
        assert error.what
        assert error.column >= 1


@given(st.lists(WORDS, max_size=12).map("".join))
def test_what_passes_the_check_comes_to_a_value_or_to_our_own_error(text: str) -> None:
    found, errors = compile_expression(text, StepNames(KINDS), HOUSE, lenient=True)
    if found is None:
        assert errors
        return
    try:
        found.run(VALUES)
    except (ExpressionError, Absent):
        pass


OPERANDS = st.sampled_from(["count_of", "rate", "name", "maybe", "flag", "price", "2", "0", "'x'", "none",
    "parcel?.weight", "parcel.note", "hint.a", "any", "size", "mode", "order.status", "day", "at"])  # fmt: skip
SIGNS = st.sampled_from(["+", "-", "*", "/", "//", "%", "==", "!=", "<", ">=", "in", "and", "or"])
TREES = st.recursive(
    OPERANDS,
    lambda inner: (
        st.tuples(inner, SIGNS, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda t: f"(not {t})")
        | inner.map(lambda t: f"to_text({t})")
    ),
    max_leaves=6,
)


@given(TREES, st.booleans())
def test_well_formed_expressions_run_or_are_refused(text: str, lenient: bool) -> None:
    found, errors = compile_expression(text, StepNames(KINDS), HOUSE, lenient=lenient)
    if found is None:
        assert errors
        return
    try:
        found.run(VALUES)
    except ExpressionError:
        pass
    except Absent:
        assert lenient, "a strict expression never meets something absent"
