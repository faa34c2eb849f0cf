"""The world as a process: starts, serves, delivers, judges, stops."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from crossdock.simulators.clock import RunningClock

# A loaded machine needs its time to read moto's and boto's many files.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "crossdock.simulators.world.process"]
FEW = ["--seed", "3", "--speed", "60", "--scenario", "calm", "--orders", "5", "--span", "60"]


@pytest.fixture(scope="module")
def world() -> Iterator[dict[str, Any]]:
    with subprocess.Popen([*COMMAND, *FEW], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0


def call(method: str, url: str, body: Any = None, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=raw, headers=named, method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        text = reply.read()
    return json.loads(text) if text else None


def token(amazon: dict[str, Any], **grant: str) -> str:
    form = {"client_id": amazon["client_id"], "client_secret": amazon["client_secret"], **grant}
    body = urllib.parse.urlencode(form).encode()
    return str(call("POST", amazon["lwa"] + "/auth/o2/token", body)["access_token"])


def subscribe(world: dict[str, Any]) -> None:
    amazon = world["amazon"]
    grantless = token(
        amazon, grant_type="client_credentials", scope="sellingpartnerapi::notifications"
    )
    sellers = token(amazon, grant_type="refresh_token", refresh_token=amazon["refresh_token"])
    base = amazon["endpoint"] + "/notifications/v1"
    wanted = {"name": "orders", "resourceSpecification": {"sqs": {"arn": world["sqs"]["arn"]}}}
    made = call("POST", base + "/destinations", wanted, x_amz_access_token=grantless)
    destination = made["payload"]["destinationId"]
    body = {"payloadVersion": "1.0", "destinationId": destination}
    call("POST", base + "/subscriptions/ORDER_CHANGE", body, x_amz_access_token=sellers)


def received(world: dict[str, Any], wanted: int) -> list[dict[str, Any]]:
    sqs = world["sqs"]
    client = boto3.client(
        "sqs",
        endpoint_url=sqs["endpoint"],
        region_name=sqs["region"],
        aws_access_key_id=sqs["access_key"],
        aws_secret_access_key=sqs["secret_key"],
    )
    found: list[dict[str, Any]] = []
    end = time.monotonic() + 60
    while len(found) < wanted and time.monotonic() < end:
        answer = client.receive_message(
            QueueUrl=sqs["url"], MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        found += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
    client.close()
    return found


class Ears(HTTPServer):
    """Hears webhooks."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        super().__init__(("127.0.0.1", 0), Ear)


class Ear(BaseHTTPRequestHandler):
    server: Ears

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append(self.headers["x-tims-event"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def test_orders_notifications_webhooks_and_the_verdict(world: dict[str, Any]) -> None:
    control, tims = world["control"] + "/_world", world["tims"]
    subscribe(world)
    with Ears() as ears:
        threading.Thread(target=ears.serve_forever, daemon=True).start()
        keys = {
            "authorization": f"ApiKey {tims['api_key']}",
            "x_tims_company": f"{tims['company']}/{tims['environment']}",
            "content_type": "application/json",
        }
        hook = {
            "Url": f"http://127.0.0.1:{ears.server_port}/",
            "Events": ["customer.updated", "stock.changed"],
            "Secret": "a secret of some length",
        }
        call("POST", tims["url"] + "/api/v1/webhooks", hook, idempotency_key="1", **keys)
        coming = call("POST", control + "/people", {"name": "calm", "orders": 5, "span": 60})
        assert coming == {"coming": 5}
        bodies = received(world, 5)
        code = {"CustomerCode": "NEW-1", "CompanyName": "Neu Werkstatt"}
        call("POST", tims["url"] + "/api/v1/customers", code, idempotency_key="2", **keys)
        wait_for(lambda: "customer.updated" in ears.heard)
        ears.shutdown()
    ids = {b["Payload"]["OrderChangeNotification"]["AmazonOrderId"] for b in bodies}
    assert len(ids) == 5
    verdict = call("POST", control + "/verdict", {"cases": []})
    assert not verdict["ok"], "nobody did the program's work"
    lost = next(row for row in verdict["rows"] if row["name"] == "orders in TIMS or in a case")
    assert (lost["expected"], lost["found"]) == (5, 0)


def test_the_clock_can_be_shared(world: dict[str, Any]) -> None:
    start, _, rest = world["clock"].partition("@")
    anchor, _, speed = rest.partition("x")
    ours = RunningClock(datetime.fromisoformat(start), float(anchor), float(speed))
    theirs = call("GET", world["control"] + "/_world/clock")["now"]
    apart = ours.now() - datetime.fromisoformat(theirs)
    assert 0 <= apart.total_seconds() < 60 * 10


def test_the_queue_lets_amazon_in(world: dict[str, Any]) -> None:
    assert world["sqs"]["arn"].startswith("arn:aws:sqs:us-east-1:")


def test_the_world_ends_with_its_parent() -> None:
    script = (
        "import subprocess, sys, os\n"
        f"p = subprocess.Popen({[*COMMAND, *FEW]!r} + ['--parent', str(os.getpid())],"
        " stdout=subprocess.PIPE, text=True)\n"
        "sys.stdout.write(p.stdout.readline())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = json.loads(parent.stdout.readline())["pid"]
    wait_for(lambda: not alive(pid), seconds=60)


def test_a_wrong_scenario_is_said_at_once() -> None:
    wrong = subprocess.run(
        [*COMMAND, "--scenario", '{"ordrs": 3}'], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "a scenario has no ordrs" in wrong.stderr


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)
