"""The same TIMS behind real sockets."""

import http.client
import json
from urllib.parse import urlencode, urlsplit

import pytest

from crossdock.simulators.server import Server


@pytest.fixture
def line(sim, clock):
    with Server(clock) as server:
        address = urlsplit(server.add(sim.api))
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        yield connection
        connection.close()


def test_a_program_signs_in_enters_an_order_and_finds_it_again(line, sim, kit):
    form = {"client_id": sim.client_id, "client_secret": sim.client_secret}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST", "/oauth/token", urlencode(form), kind)
    token = json.load(line.getresponse())["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "X-TIMS-Company": sim.company_header,
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": "k1",
    }
    body = json.dumps(kit.order("112-1", ShipToAddress={**kit.address, "Name": "Zoë"})).encode()
    line.request("POST", "/api/v1/sales_orders", body, headers)
    answer = line.getresponse()
    assert (answer.status, answer.headers["Date"][:16]) == (201, "Mon, 23 Nov 2026")
    number = json.load(answer)["OrderNumber"]
    query = urlencode({"external_system": kit.system, "external_ref": "112-1"})
    line.request("GET", f"/api/v1/sales_orders?{query}", headers=headers)
    (row,) = json.load(line.getresponse())["data"]
    assert (row["OrderNumber"], row["ShipToAddress"]["Name"]) == (number, "Zoë")


def test_a_lost_reply_is_a_dropped_connection(line, sim, kit):
    sim.faults.load([{"fault": "reply_lost_after_write"}])
    headers = {
        "X-Api-Key": sim.api_key,
        "X-TIMS-Company": sim.company_header,
        "Idempotency-Key": "k1",
    }
    line.request("POST", "/api/v1/sales_orders", json.dumps(kit.order("112-1")), headers)
    with pytest.raises(ConnectionError):
        line.getresponse()
    assert len(sim.orders) == 1
