"""Files of an older language are lifted, step by step."""

from crossdock.lang.document import Cell, read_document
from crossdock.lang.reading import Reader
from crossdock.lang.upgrade import upgraded


def renamed(old: str, new: str) -> "object":
    def step(cell: Cell) -> Cell:
        assert isinstance(cell.value, dict)
        return Cell({new if k == old else k: v for k, v in cell.value.items()}, cell.line)

    return step


def test_each_step_lifts_a_file_by_one() -> None:
    cell, _ = read_document("language: 1\na: x", "f.yaml")
    assert cell is not None
    steps = {1: renamed("a", "b"), 2: renamed("b", "c")}
    lifted = upgraded(cell, Reader("f.yaml"), steps, 3)  # type: ignore[arg-type]
    assert lifted.plain == {"language": 1, "c": "x"}


def test_a_file_that_is_no_mapping_is_left_alone() -> None:
    cell = Cell("x", 1)
    assert upgraded(cell, Reader("f.yaml")) is cell
