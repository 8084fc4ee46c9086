"""Words of a feature for people: values, levels and bounds."""

import pytest

from vigil.errors import InvalidInput
from vigil.prediction.features.feature_spec import FeatureSpec

STAY = FeatureSpec("stay", "number", "length of stay", "days", 0, 400, unit_singular="day")
MEETINGS = FeatureSpec("meetings", "integer", "meetings", "meetings", 1, 1, unit_singular="meeting")
RURAL = FeatureSpec("rural", "boolean", "rural home")
ADHERENCE = FeatureSpec(
    "adherence",
    "category",
    "adherence",
    categories=("good", "fair_poor"),
    category_labels={"fair_poor": "fair or poor"},
)


@pytest.mark.parametrize(
    ("spec", "value", "words"),
    [
        (STAY, 6.3333, "6.3 days"),
        (MEETINGS, 1, "1 meeting"),
        (MEETINGS, 2, "2 meetings"),
        (RURAL, True, "yes"),
        (RURAL, False, "no"),
        (ADHERENCE, "fair_poor", "fair or poor"),
        (ADHERENCE, "good", "good"),
        *((spec, None, "not recorded") for spec in (STAY, MEETINGS, RURAL, ADHERENCE)),
    ],
)
def test_a_value_is_formatted_for_people(spec, value, words):
    assert spec.format_value(value) == words


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((0, 1e7), "between 0 and 10,000,000 days"),
        ((None, 1), "at most 1 day"),
        ((0.5, None), "at least 0.5 days"),
        ((None, None), "a number days"),
    ],
)
def test_a_bound_is_exact_and_readable(bounds, words):
    spec = FeatureSpec("stay", "number", "length of stay", "days", *bounds, unit_singular="day")
    assert spec.bound == words


@pytest.mark.parametrize(
    ("labels", "cause"),
    [
        ({"poor": "poor"}, "levels of its categories only"),
        ({"good": ""}, "1 to 100 characters"),
        ({"good": "x" * 101}, "1 to 100 characters"),
        ({"good": "two\nlines"}, "without control characters"),
        ({"good": "\u202eright to left"}, "without control characters"),
    ],
)
def test_an_unsuitable_label_is_refused(labels, cause):
    with pytest.raises(ValueError, match=cause):
        FeatureSpec("adherence", "category", "adherence", categories=("good", "fair_poor"), category_labels=labels)


def test_callers_send_levels_and_never_labels():
    assert ADHERENCE.encode("fair_poor") == 1.0
    with pytest.raises(InvalidInput, match="good, fair_poor"):
        ADHERENCE.encode("fair or poor")
