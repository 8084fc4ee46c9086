"""Last step of every recipe: metrics, golden rows and model card of an assembled model."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.assembly import Assembled, Sample
from models.calibration_test import calibration_p
from models.card import CardText, render_card
from models.evaluation import Estimate, JudgedRows, by_band, by_group, metrics
from models.golden import select_golden_rows
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.reference_model import Reference


def finish_model(
    assembled: Assembled,
    test: Sample,
    judged: JudgedRows,
    estimates: Mapping[str, Estimate],
    groups: Mapping[str, NDArray[np.bool_]],
    text: CardText,
    reference: Reference,
) -> TrainedModel:
    """Return the trained model; `groups` are masks over the test rows for the per-group table."""
    table = by_band(assembled.contract, test.labels, judged) + by_group(groups, test.labels, judged)
    chance = calibration_p(test.labels, judged.chance, assembled.contract.calibration_bound)
    figures = metrics(estimates, test.labels, judged, table) | {"calibration_p": round(chance, 6)}
    contract = replace(assembled.contract, metrics=figures)
    return TrainedModel(
        contract,
        assembled.files,
        select_golden_rows(contract, test.rows, judged.verdicts),
        render_card(contract, text, estimates, table, assembled.runner.never_missing),
        reference,
    )
