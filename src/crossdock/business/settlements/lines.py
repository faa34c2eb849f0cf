"""A report's bytes as whole physical lines, hashed on their way."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from crossdock.business.settlements.layout import LONGEST_LINE

_BLOCK: Final = 1 << 16


def blocks(source: BinaryIO) -> Iterator[bytes]:
    """Whole physical lines, some thousand at a time, without the end of the last one. A last line
    without an end counts, an empty one does not.
    """
    tail = b""
    while block := source.read(_BLOCK):
        whole, end, rest = (tail + block).rpartition(b"\n")
        tail = rest
        if end:
            yield whole
        if len(tail) > LONGEST_LINE:
            yield tail  # no report has such a line: it is refused by its head
            tail = b""
    if tail:
        yield tail


class Hashed:
    """Bytes on their way, and their hash."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.hasher = source, hashlib.sha256()

    def read(self, size: int) -> bytes:
        block = self._source.read(size)
        self.hasher.update(block)
        return block
