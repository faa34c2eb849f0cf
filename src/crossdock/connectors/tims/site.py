"""Is this TIMS site ready for us? Every finding says what is missing and how to get it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from crossdock.connectors.http import ReplyLost, Response, Unreachable
from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.auth import PRICES, ClientCredentials
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.errors import Refusal
from crossdock.connectors.tims.events import TOLERANCE
from crossdock.connectors.tims.limits import http_date
from crossdock.kernel.errors import Misuse, NeedsPerson, RunError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def check_site(client: TimsClient, *, customers: Sequence[str] = ()) -> list[Finding]:
    """Look at address, credential, company, scopes, default customers and clocks; write nothing."""
    settings = _settings(client)
    if any(not finding.ok for finding in settings):
        return settings
    signed_in = _sign_in(client)
    findings = [*settings, signed_in]
    if not signed_in.ok:
        return findings
    company, told = _company(client)
    findings.extend(company)
    if not all(finding.ok for finding in findings):
        return findings
    findings.extend(_scopes(client, told))
    findings.extend(_customer(client, code) for code in customers)
    return findings


def _settings(client: TimsClient) -> list[Finding]:
    account = client.account
    rows = (
        ("address", bool(account.url), account.url, "Set the address of the TIMS site."),
        ("company", bool(account.company), account.company, "Set the company's code in TIMS."),
        (
            "environment",
            account.environment in ("live", "test"),
            account.environment,
            "Set the environment to live or test.",
        ),
        (
            "credential",
            bool(account.api_key or (account.client_id and account.client_secret)),
            "API key" if account.api_key else "client id and secret",
            "Set client id and secret, or an API key.",
        ),
    )
    return [
        Finding(name, ok, found if ok else f"missing or wrong: {found!r}", "" if ok else fix)
        for name, ok, found, fix in rows
    ]


def _sign_in(client: TimsClient) -> Finding:
    how = "API key" if client.account.api_key else "client credentials"
    try:
        client.sign_in.headers()
    except (RunError, Misuse) as error:
        return _failed("sign in", error)
    return Finding("sign in", ok=True, found=how)


def _company(client: TimsClient) -> tuple[list[Finding], frozenset[str]]:
    """Whether the site answers for the company that we mean; and the scopes it tells."""
    account = client.account
    ask = client.wire.meta()
    try:
        response = client.call(ask, "TIMS site")
        meta = client.wire.meta_of(response)
    except (RunError, Misuse) as error:
        return [_failed("company", error)], frozenset()
    ours = f"{account.company}/{account.environment}"
    said = meta.Company or ours
    found = f"{said}, TIMS {meta.ProductVersion or '(no version told)'}"
    fix = f"This key belongs to {said}, the settings say {ours}: use the other key or correct them."
    same = said == ours
    findings = [Finding("company", same, found, "" if same else fix), _clock(client, response)]
    return findings, frozenset(meta.Scopes or ())


def _clock(client: TimsClient, response: Response) -> Finding:
    theirs = http_date(response.headers.get("date", ""))
    if theirs is None:
        return Finding("clock", ok=True, found="TIMS does not tell its time")
    gap = abs(client.clock.now() - theirs)
    ok = gap <= TOLERANCE / 2
    found = f"{timedelta(seconds=round(gap.total_seconds()))} between TIMS's clock and ours"
    fix = "Set this machine's clock (NTP); webhooks are refused beyond 5 minutes."
    return Finding("clock", ok, found, "" if ok else fix)


def _scopes(client: TimsClient, told: frozenset[str]) -> list[Finding]:
    wire = client.wire
    tries: list[tuple[str, Callable[[], Ask]]] = [
        ("customers:read", lambda: wire.customers(limit=1)),
        ("items:read", lambda: wire.items(limit=1)),
        ("stock:read", wire.locations),
        ("orders:read", lambda: wire.sales_orders_after(0, limit=1)),
        ("shipments:read", lambda: wire.shipments_of("0")),
        ("webhooks:manage", wire.webhooks),
    ]
    if PRICES in client.account.scopes:  # who does not use prices need not be granted them
        tries.append((PRICES, lambda: wire.price_lists(limit=1)))
    findings = [_scope(client, name, ask()) for name, ask in tries]
    tried = {name for name, _ in tries}
    sign_in = client.sign_in
    granted = told or (sign_in.scopes if isinstance(sign_in, ClientCredentials) else frozenset())
    if granted:
        rest = [name for name in client.account.scopes if name not in tried]
        findings.extend(_told(name, name in granted) for name in rest)
    return findings


def _scope(client: TimsClient, name: str, ask: Ask) -> Finding:
    try:
        answer = client.answer(ask, f"scope {name}")
    except (RunError, Misuse) as error:
        return _failed(f"scope {name}", error)
    if isinstance(answer, Refusal) and answer.status != 404:
        return Finding(f"scope {name}", ok=False, found=str(answer), fix="See what TIMS said.")
    return Finding(f"scope {name}", ok=True, found="granted")


def _told(name: str, granted: bool) -> Finding:
    fix = "" if granted else f"Grant the scope {name} to this client in TIMS."
    return Finding(f"scope {name}", granted, "granted" if granted else "not granted", fix)


def _customer(client: TimsClient, code: str) -> Finding:
    name = f"customer {code}"
    try:
        customer = client.customer(code)
    except (RunError, Misuse) as error:
        return _failed(name, error)
    if customer is None:
        return Finding(name, ok=False, found="not in TIMS", fix=f"Open customer {code} in TIMS.")
    if customer.OnCreditHold or not customer.IsActive:
        state = "on credit hold" if customer.OnCreditHold else "inactive"
        return Finding(name, ok=False, found=state, fix=f"Make customer {code} usable in TIMS.")
    return Finding(name, ok=True, found=customer.CompanyName or "there")


def _failed(name: str, error: RunError | Misuse) -> Finding:
    if isinstance(error, NeedsPerson):
        return Finding(name, ok=False, found=str(error), fix=error.remedy)
    if isinstance(error, Unreachable):
        fix = "Check the address, the firewall and TIMS's IP allow-list."
        return Finding(name, ok=False, found=str(error), fix=fix)
    if isinstance(error, ReplyLost):
        fix = "The site takes connections but does not answer; try again, then ask its operator."
        return Finding(name, ok=False, found=str(error), fix=fix)
    return Finding(name, ok=False, found=str(error), fix="Try again in a while.")
