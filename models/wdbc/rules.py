"""Rules of the `wdbc` model, in the units of its image system; see `vigil.prediction.engines.rules`."""

from collections.abc import Mapping, Sequence
from typing import Any

RULES: Sequence[Mapping[str, Any]] = (
    {
        "name": "very_large_nuclei",
        "text": "The largest nuclei are above 2,000 square pixels, which no benign mass in the data reaches.",
        "when": {"feature": "worst_area", "op": ">", "value": 2000},
        "points": 3,
        "severity": "high",
        "veto": True,
    },
    {
        "name": "large_indented_nuclei",
        "text": "The nuclei are large and their outline has many indentations.",
        "when": {
            "all": [
                {"feature": "worst_radius", "op": ">", "value": 17},
                {"feature": "worst_concave_points", "op": ">", "value": 0.15},
            ]
        },
        "points": 2,
        "severity": "moderate",
    },
    {
        "name": "small_smooth_nuclei",
        "text": "The nuclei are small and their outline is smooth.",
        "when": {
            "all": [
                {"feature": "worst_radius", "op": "<", "value": 15},
                {"feature": "worst_concave_points", "op": "<", "value": 0.1},
            ]
        },
        "vote": "negative",
        "points": 2,
    },
)
