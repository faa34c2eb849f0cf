"""Where a text stands: tables, sealed values and files, in whatever case and writing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crossdock.engine.store import Database, audits
from crossdock.engine.store.sealed import Gone
from crossdock.engine.store.searching import spellings, text_places
from crossdock.engine.store.vault import Vault

_HIDDEN = ("secrets.env", "privacy.key")
_BLOCK = 4 * 1024 * 1024
_ENCODINGS = ("utf-8", "cp1252", "utf-16-le")
PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Found:
    """A place and how often; `how` is plain, or sealed until a day."""

    where: str
    times: int
    how: str


def find_text(db: Database, vault: Vault, folder: Path, words: str) -> list[Found]:
    """Every place of the workspace where these words stand."""
    found = [Found(p.where, p.rows, PLAIN) for p in text_places(db, words)]
    found += _in_vault(db, vault, words)
    found += _in_files(folder, spellings(words))
    return found


def _in_vault(db: Database, vault: Vault, words: str) -> Iterator[Found]:
    """Sealed values are opened one after the other; destroyed ones cannot be."""
    until = {h.subject: h.destroy_after for h in vault.held()}
    found: dict[str, int] = {}
    for subject, sealed in audits.sealed_values(db):
        try:
            text = vault.open(subject, sealed)
        except Gone:
            continue
        if any(spelling.casefold() in text.casefold() for spelling in spellings(words)):
            found[subject] = found.get(subject, 0) + 1
    for subject, times in found.items():
        last = until.get(subject)
        yield Found(subject, times, f"sealed until {last:%Y-%m-%d}" if last else "sealed")


def _in_files(folder: Path, written: Iterable[str]) -> Iterator[Found]:
    """Raw bytes of every file, the database's own among them; what is written anew also counts."""
    wanted = set()
    for text in written:
        for encoding in _ENCODINGS:
            try:
                wanted.add(text.encode(encoding).lower())
            except UnicodeEncodeError:
                continue  # this encoding cannot hold it
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in _HIDDEN:
            times = _count(path, wanted)
            if times:
                yield Found(path.relative_to(folder).as_posix(), times, PLAIN)


def _count(path: Path, wanted: set[bytes]) -> int:
    """How often the most frequent writing stands in the file, read block by block."""
    overlap = max(map(len, wanted)) - 1
    times = dict.fromkeys(wanted, 0)
    kept = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            content = kept + block.lower()
            for text in wanted:
                # What lies wholly in the kept end was counted with the block before.
                times[text] += content.count(text) - kept.count(text)
            kept = content[max(len(content) - overlap, 0) :]
    return max(times.values())
