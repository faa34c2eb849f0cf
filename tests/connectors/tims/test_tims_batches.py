"""Batches against the simulated TIMS: below its limits, and under faults over real sockets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.connectors.http import Network
from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.operations import operations
from crossdock.kernel.errors import TryAgain
from crossdock.simulators.server import Server
from tests.connectors.tims.simulated import InProcess, a_tims, account_of


def test_our_own_limit_keeps_us_below_theirs(clock, kit):
    sim = a_tims(clock)
    table = operations(TimsClient(replace(account_of(sim), burst=30), InProcess(sim.api), clock))
    waiting = [(kit.an_order(ExternalRef=f"1-{n}", IdempotencyKey=f"k-{n}"),) for n in range(60)]
    for _ in range(20):
        create = table["tims.create_sales_order"].run_many
        outcomes = [getattr(x, "result", x) for x in create(waiting)]
        waiting = [w for w, out in zip(waiting, outcomes, strict=True) if isinstance(out, TryAgain)]
        if not waiting:
            break
        clock.advance(timedelta(seconds=1))
    assert len(sim.orders) == 60
    assert not [key for key in sim.counts if key[1] == 429]


@pytest.mark.slow
def test_over_real_sockets_a_batch_under_faults_ends_with_every_order_once(clock, kit):
    sim = a_tims(
        clock,
        limits=False,
        faults=[
            {"fault": "reply_lost_after_write", "chance": 0.2},
            {"fault": "server_error_burst", "chance": 0.05},
            {"fault": "malformed_json", "chance": 0.1},
        ],
    )
    network = Network(read_seconds=1)
    with Server() as server:
        table = operations(TimsClient(account_of(sim, server.add(sim.api)), network, clock))
        done = {}
        waiting = [kit.an_order(ExternalRef=f"1-{n}", IdempotencyKey=f"k-{n}") for n in range(40)]
        for _ in range(60):
            # One token a round ends early, under all threads. A fresh one that ends at once as well
            # is a person's business, and has a test of its own.
            sim.faults.load([{"fault": "token_expired_early", "most": 1}])
            notes = table["tims.create_sales_order"].run_many([(x,) for x in waiting])
            outcomes = [getattr(x, "result", x) for x in notes]
            pairs = list(zip(waiting, outcomes, strict=True))
            done |= {x.ExternalRef: out for x, out in pairs if isinstance(out, m.SalesOrder)}
            assert all(isinstance(out, m.SalesOrder | TryAgain) for _, out in pairs)
            waiting = [x for x, out in pairs if not isinstance(out, m.SalesOrder)]
            if not waiting:
                break
    network.close()
    assert len(done) == 40
    assert sorted(x.external_ref for x in sim.orders.values()) == sorted(done)
