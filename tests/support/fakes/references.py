"""A reference that fits any contract: the same number of rows in each cell."""

from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.reference_model import FeatureReference, GroupReference, Reference, ScoreReference

ROWS = 240
EDGES = (10.0, 20.0, 30.0)


def reference(contract: ModelContract) -> Reference:
    """Return a reference of 240 rows: numbers with four bins, two bins of the score, and each declared value once."""
    bands = [ROWS // len(contract.bands)] * len(contract.bands)
    bands[0] += ROWS - sum(bands)
    return Reference(
        rows=ROWS,
        subjects=ROWS,
        features=tuple(map(_feature, contract.features)),
        scores=ScoreReference((0.0,), (120, 120), (20, 80), (21.5, 78.25)),
        bands={band.name: rows for band, rows in zip(contract.bands, bands, strict=True)},
        groups=tuple(
            GroupReference(attribute.name, value, 48, 24, 12, 12, 12)
            for attribute in contract.groups
            for value in attribute.values[:2]
        ),
        start="2021-03-01",
        end="2022-02-28",
    )


def _feature(spec: FeatureSpec) -> FeatureReference:
    edges = EDGES if spec.type in {"number", "integer"} else ()
    cells = len(edges) + 1 if edges else len(spec.categories) or 2
    counts = [(ROWS - 20) // cells] * cells
    counts[0] += ROWS - 20 - sum(counts)
    return FeatureReference(spec.name, "input", edges, tuple(counts), 20, 0.05, 0.02)
