"""All commands. The modules import nothing heavy; their functions do when they run."""

import typer

from crossdock.cli import (
    bank,
    cases,
    catalogue,
    comparing,
    connections,
    costing,
    deferred,
    doctor,
    flows,
    ledger,
    mappings,
    orders,
    oversold,
    plans,
    prices,
    privacy,
    quotas,
    receivables,
    runs,
    serving,
    settlements,
    start,
    stock,
    stores,
    world,
)
from crossdock.cli.failures import Root

# These add their commands to the noun `settlement`, and `oversold` to `stock`.
_ = comparing, costing, deferred, ledger, receivables, oversold

app = typer.Typer(
    name="crossdock",
    cls=Root,
    help="Connects TIMS with Amazon: orders, shipments, stock, prices and settlements.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command("init")(start.init)
app.add_typer(connections.app, name="connection")
app.command("serve")(serving.serve)
app.command("worker")(serving.worker)
app.add_typer(orders.app, name="order")
app.add_typer(runs.app, name="run")
app.add_typer(cases.app, name="case")
app.add_typer(flows.app, name="flow")
app.add_typer(mappings.app, name="mapping")
app.add_typer(stock.app, name="stock")
app.add_typer(prices.app, name="price")
app.add_typer(plans.app, name="plan")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(quotas.app, name="quota")
app.add_typer(settlements.app, name="settlement")
app.add_typer(bank.app, name="bank")
app.add_typer(privacy.app, name="privacy")
app.add_typer(world.app, name="world")
app.add_typer(stores.app, name="store")
app.command("doctor")(doctor.doctor)
