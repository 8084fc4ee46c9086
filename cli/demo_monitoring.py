"""The second act of the demo: months of simulated production, in which monitoring finds a planted change."""

from collections.abc import Iterator

from rich.text import Text

from cli import deployment
from cli.monitoring.simulation import Simulation
from cli.monitoring.versions import packaged_version
from cli.monitoring.words import write_simulation
from cli.training import versions
from models.production import ProductionPlan, load_production

PLANS = (
    ("iit", ProductionPlan(seed=1, days=130, rows_per_day=40, drift="supply", drift_day=80)),
    ("netsec", ProductionPlan(seed=1, days=80, rows_per_day=30)),
)
"""Simulations of the demo: one with a planted drift, one without."""


def has_packages() -> bool:
    """Return True if the packages of the simulated models are on this machine."""
    folder = deployment.state_folder() / "packages"
    return all(versions(folder / name) for name, _ in PLANS)


def show_simulations() -> Iterator[Text]:
    """Yield the lines of each simulation, indented."""
    for name, plan in PLANS:
        simulation = Simulation(packaged_version(name))
        simulation.replay(load_production(name).requests(plan))
        for line in write_simulation(plan, simulation.findings(), simulation.report()):
            yield Text.assemble("   ", line)
