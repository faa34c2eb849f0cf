"""A bank statement of any format that we know."""

from pathlib import Path

from crossdock.connectors.bank.camt import is_camt, read_camt
from crossdock.connectors.bank.model import LARGEST, Entry, Unreadable, identified
from crossdock.connectors.bank.ofx import is_ofx, read_ofx
from crossdock.connectors.bank.table import Writing, read_table


def read_statement(path: Path, writing: Writing) -> list[Entry]:
    """Its entries, with ids. Unreadable says where and why; nothing is read by halves."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(path.name, "is larger than 50 MB", "Export a shorter time.")
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(path.name, f"cannot be read: {error.strerror}", "Look at it.") from error
    if is_ofx(content):
        return identified(read_ofx(content))
    if is_camt(content):
        return identified(read_camt(content))
    return identified(read_table(content, writing))
