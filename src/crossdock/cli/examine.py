"""What `doctor` looks at: each look gives findings, each bad one with the next command."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crossdock.cli.findings import Finding, finding, findings_of
from crossdock.cli.output import ago
from crossdock.kernel.errors import CrossdockError, NeedsPerson

if TYPE_CHECKING:
    from crossdock.engine.store import Database
    from crossdock.engine.store.versions import StoreState
    from crossdock.kernel.clock import Clock
    from crossdock.settings import Settings
    from crossdock.wiring.house import House

_DEEP = 1000  # keys that wait: more is a backlog
_MOST = 20  # problems of files that are shown; `flow check` shows all
_LEARNED_LOW = 0.5  # of the rate the other side names


def settings(found: "Settings") -> list[Finding]:
    """The settings file, and secrets that stand in the open."""
    wrong = [
        finding(f"{p.file}, {p.where}", ok=False, words=p.what, fix=p.fix) for p in found.problems
    ]
    read = finding("settings", ok=True, words=f"read from {found.folder}")
    exposed = [
        finding(
            f"crossdock.yaml, {path}", ok=False, words="holds a secret in the open.",
            fix=f"Move it to secrets.env and write ${{NAME}} here: {path}",
        )
        for path in found.open_secrets
    ]  # fmt: skip
    if found.shared_store and not found.privacy.key:
        words = "is not set, and several workers share the store."
        fix = "Make one for all of them: crossdock privacy key --new"
        exposed.append(finding("privacy.key", ok=False, words=words, fix=fix))
    return [*([] if wrong else [read]), *wrong, *exposed, *_marketplaces(found)]


def _marketplaces(found: "Settings") -> list[Finding]:
    """Ids that Amazon does not have, or serves in another region."""
    from crossdock.connectors.amazon.marketplaces import MARKETPLACES, REGIONS
    from crossdock.kernel.errors import nearest

    region, where = found.amazon.region, "crossdock.yaml, amazon.marketplaces"
    wrong = []
    for marketplace in found.amazon.marketplaces:
        known = MARKETPLACES.get(marketplace)
        if known is None:
            words, fix = f"{marketplace} is no marketplace of Amazon.", nearest(
                marketplace, [m.id for m in MARKETPLACES.values() if m.region == region]
            )  # fmt: skip
        elif known.region != region:
            words = f"{marketplace} ({known.country}) is not in {REGIONS[region].name}."
            fix = f"Write amazon.region: {known.region}, or take it out: an account has one region."
        else:
            continue
        wrong.append(finding(where, ok=False, words=words, fix=fix))
    return wrong


def store(found: "Settings", state: "StoreState") -> Finding:
    """Does it answer, and are its tables ours?"""
    if state.trouble:
        fix = "Start it, or correct `store` in crossdock.yaml; then: crossdock doctor"
        return finding("store", ok=False, words=f"does not answer: {state.trouble}", fix=fix)
    if not state.found:
        words = f"not started yet: {found.shown_store} gets its tables from crossdock serve"
        return finding("store", ok=True, words=words)
    if not state.ready:
        words = f"{found.shown_store} has tables of version {state.found}"
        return finding("store", ok=False, words=words, fix="Run: crossdock store migrate")
    return finding("store", ok=True, words=f"{found.shown_store}, version {state.found}")


def work(db: "Database", clock: "Clock", wall: datetime) -> list[Finding]:
    """Everything the store can tell."""
    now = clock.now()
    looks: tuple[Callable[[], list[Finding]], ...] = (
        lambda: [_workers(db, wall)],
        lambda: [_inbox(db, clock, wall)],
        lambda: _intakes(db, wall),
        lambda: [_cases(db)],
        lambda: _breakers(db, now),
        lambda: _quotas(db, now),
    )
    return [f for look in looks for f in look()]


def _workers(db: "Database", wall: datetime) -> Finding:
    from crossdock.cli.queries import worker_rows

    rows = worker_rows(db, wall)
    alive = [r.name for r in rows if r.alive]
    if alive:
        return finding("workers", ok=True, words=f"{len(alive)} at work: {', '.join(alive)}")
    if not rows:
        return finding("workers", ok=True, words="not started yet: crossdock serve")
    last = f"; the last was {rows[0].name}, {ago(rows[0].beat_at, wall)} ago"
    return finding("workers", ok=False, words=f"none at work{last}", fix="Run: crossdock serve")


def _inbox(db: "Database", clock: "Clock", wall: datetime) -> Finding:
    from crossdock.engine.stalling import stalled_for
    from crossdock.engine.store import inbox

    depth = inbox.depth(db, clock.now())
    names = ("waiting", "running", "later", "parked")
    words = ", ".join(f"{depth.get(name, 0)} {name}" for name in names)
    stalled = stalled_for(db, clock, wall)
    if stalled is not None:
        words += f"; something is due for {_minutes(stalled)} min, and no run begins"
        fix = "Start the worker anew: crossdock serve. If it stalls again, look into its log"
        return finding("inbox", ok=False, words=words, fix=fix)
    deep = depth.get("waiting", 0) > _DEEP
    fix = "More arrives than is done. Look: crossdock run list" if deep else ""
    return finding("inbox", ok=not deep, words=words, fix=fix)


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)


def _intakes(db: "Database", wall: datetime) -> list[Finding]:
    """What the workers that are alive have taken from their queues since they started."""
    from crossdock.cli.queries import worker_rows
    from crossdock.engine.store import tallies

    alive = {row.name for row in worker_rows(db, wall) if row.alive}
    found = []
    for (worker, source), tally in tallies.listed(db).items():
        if worker not in alive:
            continue
        words = ", ".join(f"{tally.get(n, 0)} {n}" for n in ("messages", "unread", "failures"))
        failing = bool(tally.get("failing"))
        if failing:
            words += f"; it fails now: {tally.get('last_error')}"
        fix = "The sweep goes on meanwhile. Look: crossdock connection test amazon"
        name = f"intake {source} of {worker}"
        found.append(finding(name, ok=not failing, words=words, fix=fix if failing else ""))
    return found


def _cases(db: "Database") -> Finding:
    from crossdock.engine.store import cases

    counts = cases.counts(db)
    if not counts:
        return finding("cases", ok=True, words="none open")
    words = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    return finding("cases", ok=False, words=words, fix="Look: crossdock case list")


def _breakers(db: "Database", now: datetime) -> list[Finding]:
    from crossdock.engine.store import breakers

    rows = breakers.all_of(db)
    if not rows:
        return [finding("paused operations", ok=True, words="none")]
    found = []
    for row in rows:
        open_now = row["open_until"] > now
        until = f"paused until {row['open_until']:%H:%M:%S} UTC" if open_now else "being probed"
        fix = f"It goes on by itself. If not: crossdock connection test {_system(row['name'])}"
        words = f"{until} after {row['failures']} waves: {row['message']}"
        found.append(finding(f"operation {row['name']}", ok=False, words=words, fix=fix))
    return found


def _system(operation: str) -> str:
    return operation.partition(".")[0]


def _quotas(db: "Database", now: datetime) -> list[Finding]:
    """Buckets whose real rate was learned to be far below the one that is named."""
    from crossdock.engine.store.quotas import StoredBuckets

    rows = StoredBuckets(db, lambda: now).all()
    low = [r for r in rows if _is_low(r)]
    found = [
        finding(
            f"quota {r['name']}", ok=True,
            words=f"refused {r['strikes']} times; using {r['learned_rate']:.4g} a second",
        )
        for r in low
    ]  # fmt: skip
    return [finding("quotas", ok=True, words=f"{len(rows)} buckets in use"), *found]


def _is_low(row: dict[str, Any]) -> bool:
    learned, named = row["learned_rate"], row["header_rate"]
    return learned is not None and (named is None or learned < named * _LEARNED_LOW)


def flows(found: "Settings") -> list[Finding]:
    """Flows, mappings, lookup tables and rules of stock, prices and the catalogue."""
    from crossdock import wiring

    try:
        problems = wiring.check_workspace(found)
    except CrossdockError as error:
        return [finding("flows", ok=False, words=str(error), fix="Run: crossdock flow check")]
    if not problems:
        words = "flows, mappings, lookup tables and rules are in order"
        return [finding("flows", ok=True, words=words)]
    shown = [
        finding(f"{p.file}, {p.where}", ok=False, words=p.what, fix=p.fix) for p in problems[:_MOST]
    ]
    if len(problems) > _MOST:
        words = f"{len(problems) - _MOST} more problems"
        shown.append(finding("flows", ok=False, words=words, fix="Run: crossdock flow check"))
    return shown


def freshness(found: "Settings") -> list[Finding]:
    """Can the quotas keep news as fresh as the settings promise?"""
    from crossdock.cli.session import house_of
    from crossdock.wiring.freshness_watch import too_old

    try:
        with house_of(found) as house:
            missed = too_old(house)
    except CrossdockError:
        return []  # settings, tables and store have findings of their own
    if not missed:
        return [
            finding("freshness", ok=True, words="every target can be met: crossdock quota plan")
        ]
    words = "can become older than its target."
    return [
        finding(f"freshness, {line.found.what}", ok=False, words=words, fix=line.advice)
        for line in missed
    ]


def running(found: "Settings") -> list[Finding]:
    """Workers that run flows, mappings or settings as they were when they started."""
    from crossdock.cli.running import older

    fix = "Start it again: crossdock serve"
    return [
        finding(f"worker {o.worker}", ok=False, words=f"process {o.pid} still runs the older "
                f"{', '.join(o.files)}", fix=fix)
        for o in older(found)
    ]  # fmt: skip


def connections(found: "Settings") -> list[Finding]:
    """Are we let in? A connection that is not configured has been reported already."""
    from crossdock.cli.session import connections_of

    systems = [s for s in ("amazon", "tims") if not found.problems_of(s)]
    if not systems:
        return []
    try:
        with connections_of(found) as house:
            checks = {"amazon": house.check_amazon, "tims": house.check_tims}
            tried = {system: _connection(system, checks[system]) for system in systems}
            answers = all(f.ok for f in tried.get("tims", [])) and "tims" in tried
            beside = _beside_tims(house) if answers else []
            return [*(f for rows in tried.values() for f in rows), *beside]
    except CrossdockError as error:
        return [finding("connections", ok=False, words=str(error), fix=_remedy(error))]


def _beside_tims(house: "House") -> list[Finding]:
    """What the workspace's files name and TIMS does not have."""
    from crossdock.wiring.rulechecks import problems_beside_tims

    try:
        problems = problems_beside_tims(house, _MOST + 1)
    except CrossdockError as error:
        return [finding("files beside TIMS", ok=False, words=str(error), fix=_remedy(error))]
    found = [
        finding(f"{p.file}, {p.where}", ok=False, words=p.what, fix=p.fix) for p in problems[:_MOST]
    ]
    if len(problems) > _MOST:
        fix = "Correct these; or see all: crossdock stock list, crossdock price list"
        found.append(finding("files beside TIMS", ok=False, words="and more", fix=fix))
    words = "items, units, locations and price lists are all there"
    return found or [finding("files beside TIMS", ok=True, words=words)]


def _connection(system: str, check: Callable[[], Any]) -> list[Finding]:
    try:
        found = findings_of(check())
    except CrossdockError as error:
        return [finding(system, ok=False, words=str(error), fix=_remedy(error))]
    return [finding(f"{system} {f.what}", ok=f.ok, words=f.words, fix=f.fix) for f in found]


def _remedy(error: CrossdockError) -> str:
    if isinstance(error, NeedsPerson):
        return error.remedy
    return "Run: crossdock connection test amazon, crossdock connection test tims"
