"""secrets.env: NAME=value lines that only their owner may read."""

import os
import re
import stat
from pathlib import Path

from crossdock.kernel.errors import Problem

NAME = "secrets.env"
_OWNER_ONLY = 0o600
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def write_private(path: Path, content: str) -> None:
    """A new file that was never readable by others, not even for a moment. FileExistsError when
    there is one.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read(workspace: Path, problems: list[Problem]) -> dict[str, str]:
    """The names and values of the workspace's secrets.env; nothing when there is none. A file that
    others may read is refused before it is opened.
    """
    path = workspace / NAME
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        problems.append(
            Problem(
                NAME,
                f"mode {stat.S_IMODE(mode):03o}",
                "can be read by other people on this machine.",
                f"Run `chmod 600 {path}`; change the secrets if others had access.",
            )
        )
        return {}
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(NAME, "the file", f"cannot be read: {_reason(error)}."))
        return {}
    return _parsed(written, problems)


def _parsed(written: str, problems: list[Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(written.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        match = _LINE.fullmatch(bare)
        if match is None:  # the line is not repeated: it may be a secret
            fix = "Write NAME=value, or start a comment with #."
            problems.append(Problem(NAME, f"line {number}", "is not NAME=value.", fix))
            continue
        found[match[1]] = _unquoted(match[2].strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _reason(error: Exception) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
