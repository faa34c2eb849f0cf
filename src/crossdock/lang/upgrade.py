"""Old ways of writing files, lifted to today's.

`language: 1` is the only one so far; a file that does not say is of that one. When the language
changes, the step from the old number is added to STEPS.
"""

from collections.abc import Callable, Mapping

from crossdock.lang.document import Cell
from crossdock.lang.reading import Reader

LANGUAGE = 1

Step = Callable[[Cell], Cell]

STEPS: Mapping[int, Step] = {}  # language number -> what makes it the next


def upgraded(
    cell: Cell, reader: Reader, steps: Mapping[int, Step] = STEPS, language: int = LANGUAGE
) -> Cell:
    """The file as if written today; an unknown language number is reported."""
    if not isinstance(cell.value, dict):
        return cell
    number = reader.whole(cell.value, "language", f"line {cell.line}", 1)
    if number > language:
        what = f"is written in language {number}, but this program knows up to {language}."
        reader.report(f"line {cell.value['language'].line}", what, "Install a newer crossdock.")
    for old in range(number, language):
        cell = steps[old](cell)
    return cell
