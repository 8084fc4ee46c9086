"""Model versions as monitoring sees them."""

from dataclasses import dataclass

from vigil.monitoring.drift.layout_model import Layout
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.packages.reference_model import Reference


@dataclass(frozen=True, slots=True)
class MonitoredVersion:
    """A published version: its contract, its signed reference, and the layout of its profiles.

    `reference` is None for a package of format 2.
    """

    contract: ModelContract
    reference: Reference | None
    layout: Layout
