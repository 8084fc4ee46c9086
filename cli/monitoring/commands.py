"""`vigil monitor`: a simulated year of a model, and the explanation of a change."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.tables import TableConsole
from vigil.errors import NotFound

app = typer.Typer(no_args_is_help=True, help="Simulate the monitoring of a model, and explain a change.")
out = TableConsole()


@app.command("simulate")
def simulate_command(
    model: Annotated[str, typer.Option(help="Model with a simulated production, such as iit, leads or netsec")],
    days: Annotated[int, typer.Option(min=90, max=700, help="Days of production")] = 365,
    rows_per_day: Annotated[int, typer.Option(min=20, max=500, help="Decisions a day, about")] = 100,
    seed: Annotated[int, typer.Option(min=0, max=1_000_000, help="Seed of the simulation")] = 1,
    drift: Annotated[
        str, typer.Option(help="Planted drift and its first day, such as supply@200 for iit; none for no drift")
    ] = "none",
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="File for the health report as a page")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan, findings and report as JSON")] = False,
) -> None:
    """Replay simulated days of a model through counting, judging and reporting, as every night on AWS.

    The newest package on this machine scores the rows. The same package, options and seed give the same report.
    """
    from cli.monitoring.planting import plan_production
    from cli.monitoring.simulation import Simulation
    from cli.monitoring.versions import packaged_version
    from cli.monitoring.words import to_json, write_simulation
    from models.production import load_production, production_names
    from vigil.monitoring.report.page import render_page

    if model not in production_names():
        raise NotFound(f"{model} has no simulated production: choose one of {', '.join(production_names())}")
    production = load_production(model)
    plan = plan_production(production, seed, days, rows_per_day, drift)
    simulation = Simulation(packaged_version(model))
    simulation.replay(production.requests(plan))
    report = simulation.report()
    if html is not None:
        html.write_text(render_page(report), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(to_json(plan, simulation.findings(), report), indent=2))
        return
    out.print(*write_simulation(plan, simulation.findings(), report), sep="\n", soft_wrap=True)
    if html is not None:
        out.print(f"wrote {html}", soft_wrap=True)


@app.command("explain")
def explain_command(
    model: Annotated[str, typer.Option(help="Model")],
    version: Annotated[int, typer.Option(min=1, help="Version that decided")],
    before: Annotated[str, typer.Option(help="Days of the usual state in UTC, such as 2026-09-01..2026-09-30")],
    after: Annotated[str, typer.Option(help="Days after the change in UTC, such as 2026-10-01..2026-10-31")],
    tenant: Annotated[
        list[str] | None, typer.Option(help="Read decisions of this tenant; may be repeated. Default: the demo tenants")
    ] = None,
) -> None:
    """Rank the features by which decisions before and after a change differ, with the credentials of an operator.

    Each period has at most 92 days, 200,000 decisions of the version and 2,000,000 of all models, and at least 100
    subjects. The second period begins after the first one. 5,000 decisions of each period are sampled. The command
    prints the area under the curve with its interval. If the periods differ, it also prints at most 10 features with
    their shares. No count is printed.
    """
    from cli import deployment, native
    from cli.monitoring.domain_classifier import compare_periods
    from cli.monitoring.periods import parse_periods, sample_period
    from cli.monitoring.words import write_difference
    from vigil.bootstrap import prediction, stores

    periods = parse_periods(before, after)
    deployment.activate()
    native.add_to_path()
    contract = prediction.registry().archived(model, version).contract
    tenants = tenant or deployment.demo_tenant_ids()
    sides = [sample_period(stores.ledger(), tenants, contract, version, period) for period in periods]
    difference = compare_periods(contract.features, *sides)
    out.print(*write_difference(difference, contract.features), sep="\n", soft_wrap=True)
