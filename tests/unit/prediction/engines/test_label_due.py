"""Time at which the label of a decision is final."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.iit.label import LABEL
from tests.support.fakes.packages import contract
from vigil.prediction.engines.contract import MAX_DUE_DAYS, Label

AS_OF = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("label", "features", "days"),
    [
        (Label("e", "d", 1, horizon_days=90), {}, 90),
        (Label("e", "d", 1, horizon_days=90, grace_days=28, settling_days=45), {}, 163),
        (LABEL, {"next_appointment_days": 30}, 30 + 28 + 45),
        (LABEL, {"next_appointment_days": None}, None),
        (LABEL, {}, None),
        (LABEL, {"next_appointment_days": float("nan")}, None),
        (Label("e", "d", 1, grace_days=28), {}, None),
        (Label("e", "d", 1, due_feature="x"), {"x": 1e300}, MAX_DUE_DAYS),
    ],
)
def test_labels_are_due_after_horizon_grace_and_settling_days(label, features, days):
    assert label.due_at(AS_OF, features) == (None if days is None else AS_OF + timedelta(days=days))


@pytest.mark.parametrize("name", ["stage", "unknown"])
def test_due_features_that_are_no_numbers_are_refused(name):
    with pytest.raises(ValueError, match="due_feature"):
        replace(contract(), label=replace(contract().label, due_feature=name))
