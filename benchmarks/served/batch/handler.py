"""Function that scores many rows with the engine, as a batch worker does."""

import math
import os
from array import array
from pathlib import Path
from typing import Any

from vigil.prediction.engines import trees

folder = Path(os.environ["BENCHMARK_PACKAGE"])
width = int(os.environ["BENCHMARK_WIDTH"])
if (engine := trees.load((folder / "lgbm.walk").read_bytes(), (folder / "lgbm.txt").read_bytes(), width)) is None:
    raise SystemExit("the scoring layer lacks the tree library")
score_rows = engine.raw_scores


def lambda_handler(event: dict[str, Any], context: Any) -> list[float]:  # noqa: ARG001 - Lambda's signature
    """Return the raw score of each row."""
    rows = event["rows"]
    values = array("d", [math.nan if x is None else x for row in rows for x in row])
    return list(score_rows(values, len(rows)))
