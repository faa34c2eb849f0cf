"""Reading, proving and journalling a settlement report beside a bare loop over its bytes."""

import json
import random
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

COLUMNS = 24
_AMOUNT, _KINDS = 14, (
    ("Order", "ItemPrice", "Principal"), ("Order", "ItemPrice", "Tax"),
    ("Order", "ItemFees", "Commission"), ("Order", "ItemFees", "FBAPerUnitFulfillmentFee"),
    ("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"),
    ("Refund", "ItemPrice", "Principal"), ("Order", "Promotion", "Shipping"),
)  # fmt: skip

_BARE = """
import re, sys, time
began, strict, total = time.process_time(), re.compile(rb"-?[0-9]+\\.[0-9][0-9]"), 0
with open(sys.argv[1], "rb") as file:
    for raw in file:
        amount = raw.split(b"\\t")[14]
        if strict.fullmatch(amount):
            total += int(amount.replace(b".", b""))
spent = time.process_time() - began
"""
_OURS = """
import sys, time
from pathlib import Path
from zoneinfo import ZoneInfo
from crossdock.business.settlements import journal, proof
from crossdock.business.settlements.reader import read
from crossdock.wiring.accountmap import read_accounts, read_vocabulary
folder = Path(sys.argv[2])
words = read_vocabulary(folder)
accounts, problems = read_accounts(folder, words)
began = time.process_time()
with open(sys.argv[1], "rb") as file:
    reading = read(file, zone=ZoneInfo(accounts.zone))
rows = journal.placed(((k, g, "") for k, g in reading.groups.items()), words, accounts)
batches = journal.batches(reading.summary, rows, accounts)
identities = [*proof.of_file(reading),
              *proof.of_journal(reading.summary, rows, batches, accounts)]
assert reading.usable and all(i.holds for i in identities), (reading.faults, identities)
total = reading.total
spent = time.process_time() - began
"""
# Not by bench.rig: what that imports would be counted, too.
_TELL = """
import json, re
most = int(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1]) // 1024
print(json.dumps({"cpu": spent, "memory": most, "total": total}))
"""


@dataclass(frozen=True, slots=True)
class Read:
    """What a report of that many lines costs."""

    lines: int
    bare_cpu: float  # seconds
    cpu: float
    memory: int  # MiB, at most

    @property
    def times(self) -> float:
        """As much CPU as the bare loop."""
        return self.cpu / self.bare_cpu


def measure(folder: Path, lines: int) -> Read:
    """Each way in a process of its own, over the same file."""
    path = folder / f"settlement-{lines}.txt"
    write(path, lines)
    accounts = Path(__file__).parents[1] / "demo"
    # A tenth of a second says little: small files are read often, in turn, and the least counts.
    turns = [
        (_run(_BARE, path, accounts), _run(_OURS, path, accounts))
        for _ in range(9 if lines < 200_000 else 1)
    ]
    bare = min((turn[0] for turn in turns), key=lambda found: found["cpu"])
    ours = min((turn[1] for turn in turns), key=lambda found: found["cpu"])
    if bare["total"] != ours["total"]:
        raise AssertionError(f"the sums differ: {bare['total']} and {ours['total']}")
    path.unlink()
    return Read(lines, bare["cpu"], ours["cpu"], ours["memory"])


def write(path: Path, lines: int) -> None:
    """A report that ties: four lines an order, every order at a second of its own."""
    dice, total, day = random.Random(7), 0, datetime(2026, 6, 16, tzinfo=UTC)
    body = path.with_suffix(".body")
    with body.open("w") as file:
        for n in range(lines):
            if n % 4 == 0:
                at = day + timedelta(seconds=dice.randrange(14 * 86400))
            kind, cents = dice.choice(_KINDS), dice.randint(-20_000, 30_000)
            total += cents
            file.write(_line(kind, cents, at, n // 4))
    with path.open("w") as file, body.open() as rest:
        file.write("\t".join(_names()) + "\n")
        control = ["28471003921", "2026-06-16 00:00:00 UTC", "2026-06-30 23:59:59 UTC",
                   "2026-07-02 00:00:00 UTC", _money(total), "USD"]  # fmt: skip
        file.write("\t".join(control + [""] * (COLUMNS - len(control))) + "\n")
        while block := rest.read(1 << 20):
            file.write(block)
    body.unlink()


def _line(kind: tuple[str, str, str], cents: int, at: datetime, order: int) -> str:
    when = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"28471003921\t\t\t\t\t\t{kind[0]}\t111-{order:07}-0000001\t\t\tDS7K9LM2P\tamazon.com\t"
        f"{kind[1]}\t{kind[2]}\t{_money(cents)}\tMFN\t{when[:10]}\t{when}\t{order:014}\t\t\t"
        f"WLD-{order % 900:03}\t1\t\n"
    )


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _names() -> list[str]:
    from crossdock.simulators.amazon import settlements

    return list(settlements.COLUMNS)


def _run(script: str, path: Path, accounts: Path) -> dict[str, float]:
    command = [sys.executable, "-c", script + _TELL, str(path), str(accounts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
