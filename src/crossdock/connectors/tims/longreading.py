"""Lists that take more requests than may go at once: read on where the last try stopped."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel

from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.client import MOST_PAGES, TimsClient
from crossdock.kernel.errors import RunError, TryAgain

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

ReadPage = Callable[[str | None], tuple[Sequence[T], str | None]]
"""The rows of the page at that cursor, the first one for None; and the next cursor."""


class LongReading(Generic[T]):
    """Every row of a list, however many tries that takes. A request limit that is used up raises
    TryAgain and loses nothing of what was read; without this a list of more pages than the limit's
    burst would begin anew for ever.
    """

    def __init__(self, page: ReadPage[T], about: str) -> None:
        self._page, self._about = page, about
        self._rows: list[T] = []
        self._seen: set[str] = set()
        self._cursor: str | None = None

    def finish(self) -> list[T]:
        """All rows; the next call reads the list anew."""
        while True:
            try:
                rows, following = self._page(self._cursor)
            except TryAgain:
                raise
            except RunError as error:
                began = self._cursor is None
                self._begin()
                if began:
                    raise
                raise TryAgain(  # TIMS keeps cursors for a day
                    f"{self._about} is read from its beginning again: {error.message}",
                    about=self._about, code="cursor_gone",
                ) from error  # fmt: skip
            self._rows += rows
            if not following:
                found = self._rows
                self._begin()
                return found
            if following in self._seen or len(self._seen) > MOST_PAGES:
                self._begin()
                raise TryAgain(
                    f"TIMS's pages of {self._about} do not end", about=self._about,
                    code="repeated_cursor",
                )  # fmt: skip
            self._seen.add(following)
            self._cursor = following

    def _begin(self) -> None:
        self._rows, self._seen, self._cursor = [], set(), None


def long_reading(client: TimsClient, model: type[M], ask: Ask, about: str) -> LongReading[M]:
    """Of a list whose rows are all alike."""

    def page(cursor: str | None) -> tuple[Sequence[M], str | None]:
        asked = client.wire.next_page(ask, cursor) if cursor else ask
        found = client.wire.page(model, client.call(asked, about), ask.name)
        return found.data, found.next_cursor

    return LongReading(page, about)
