"""Inputs and label of the `wdbc` model: ten measurements of cell nuclei, in three statistics each.

Street, Wolberg & Mangasarian (1993): computed from a digitised image of a fine needle aspirate. Lengths are in pixels
of that image system and areas in square pixels. They do not apply to another microscope without calibration.
"""

from vigil.prediction.engines.contract import Label
from vigil.prediction.features.feature_spec import FeatureSpec, with_words

LABEL = Label(
    name="malignancy",
    definition="The breast mass was diagnosed as malignant by histology; otherwise it was benign.",
    version=1,
)

_MEASUREMENTS: tuple[tuple[str, str, str, float], ...] = (
    ("radius", "radius of the nuclei", "pixels", 60),
    ("texture", "texture of the nuclei", "grey levels", 100),
    ("perimeter", "perimeter of the nuclei", "pixels", 500),
    ("area", "area of the nuclei", "square pixels", 10_000),
    ("smoothness", "smoothness of the nuclei", "", 1),
    ("compactness", "compactness of the nuclei", "", 3),
    ("concavity", "concavity of the nuclei", "", 3),
    ("concave_points", "number of concave points of the nuclei", "", 1),
    ("symmetry", "symmetry of the nuclei", "", 1),
    ("fractal_dimension", "fractal dimension of the nuclei", "", 1),
)
"""Name, meaning, unit, and an upper bound of about twice the largest value in the data."""

_STATISTICS = (("mean", "mean"), ("error", "standard error of"), ("worst", "worst"))

_SINGULARS = {"grey levels": "grey level", "pixels": "pixel", "square pixels": "square pixel"}

SPECS: tuple[FeatureSpec, ...] = with_words(
    (
        FeatureSpec(f"{prefix}_{name}", "number", f"{words} {meaning}", unit, 0, bound, missing="refuse")
        for prefix, words in _STATISTICS
        for name, meaning, unit, bound in _MEASUREMENTS
    ),
    _SINGULARS,
)
"""Features in the order of scikit-learn's copy of the data."""
