"""Tests of strict parsing of histories: errors contain the field and its bound, never the value."""

from datetime import UTC, date, datetime
from typing import get_args

import pytest

from vigil.errors import InvalidInput
from vigil.prediction.features.model import (
    OBSERVATION_SPECS,
    Dispense,
    Observation,
    ObservationCode,
    PartialDate,
    PatientHistory,
    Registration,
    Visit,
)
from vigil.prediction.features.schemas import HistoryIn, to_json
from vigil.prediction.features.service import get_feature_set

parse = get_feature_set("art-visits/2").parse


def document():
    return {
        "registrations": [{"recorded_at": "2024-01-02T09:00:00Z", "sex": "female", "birth_date": "1990-05"}],
        "visits": [
            {
                "visited_at": "2024-01-02T08:30:00+03:00",
                "recorded_at": "2024-01-02T10:00:00+03:00",
                "next_appointment": "2024-02-01",
            },
            {"visited_at": "2024-02-03T08:30:00+03:00", "recorded_at": "2024-02-03T10:00:00+03:00"},
        ],
        "dispenses": [
            {"dispensed_at": "2024-01-02T09:00:00Z", "recorded_at": "2024-01-02T09:00:00Z", "days_supply": 30}
        ],
        "observations": [
            {
                "code": "viral_load",
                "observed_at": "2024-01-02T09:00:00Z",
                "recorded_at": "2024-01-20T09:00:00Z",
                "value": 40,
            }
        ],
    }


def refused(changed):
    with pytest.raises(InvalidInput) as caught:
        parse(changed)
    return {e.field: (e.message, e.bound) for e in caught.value.errors}


def changed(name, index, **fields):
    body = document()
    body[name][index].update(fields)
    return body


def test_a_valid_document_becomes_a_history():
    history = parse(document())
    assert history.registrations[0].birth_date == PartialDate(1990, 5)
    assert history.visits[0].next_appointment == date(2024, 2, 1)
    assert history.visits[0].visited_at == datetime(2024, 1, 2, 5, 30, tzinfo=UTC)
    assert (history.dispenses[0].days_supply, history.observations[0].value) == (30, 40)


def test_a_history_survives_a_round_trip_through_json():
    at = datetime(2024, 1, 2, 8, tzinfo=UTC)
    history = PatientHistory(
        (Registration(at, "male", PartialDate(1990), date(2020, 1, 1), distance_km=2.5, has_phone=False),),
        (Visit(at, at, date(2024, 2, 1), scheduled=True),),
        (Dispense(at, at, 90, "dtg"),),
        (Observation("adherence", at, at, "good"), Observation("who_stage", at, at, 2)),
    )
    assert parse(to_json(history)) == history


RFC_3339 = "RFC 3339 with a UTC offset"


@pytest.mark.parametrize(
    ("body", "field", "bound"),
    [
        (changed("visits", 1, visited_at="2024-02-03T08:30:00"), "history.visits[1].visited_at", RFC_3339),
        (changed("visits", 1, visited_at=1706941800), "history.visits[1].visited_at", RFC_3339),
        (changed("visits", 1, visited_at="1706941800"), "history.visits[1].visited_at", RFC_3339),
        (changed("visits", 1, visited_at="2024-13-03T08:30:00Z"), "history.visits[1].visited_at", RFC_3339),
        (changed("visits", 0, visited_at="9999-01-01T00:00:00Z"), "history.visits[0].visited_at", RFC_3339),
        (
            changed("visits", 1, recorded_at="2024-02-03T08:29:59+03:00"),
            "history.visits[1].recorded_at",
            "at or after visited_at",
        ),
        (
            changed("visits", 0, next_appointment="2024-01-02"),
            "history.visits[0].next_appointment",
            "1 to 400 days after visited_at",
        ),
        (
            changed("visits", 0, next_appointment="2025-02-06"),
            "history.visits[0].next_appointment",
            "1 to 400 days after visited_at",
        ),
        (changed("visits", 0, surprise=1), "history.visits[0].surprise", "a known field"),
        (changed("visits", 0, scheduled="yes"), "history.visits[0].scheduled", "boolean"),
        (changed("registrations", 0, sex="F"), "history.registrations[0].sex", "one of 'female' or 'male'"),
        (
            changed("registrations", 0, birth_date="2024-02"),
            "history.registrations[0].birth_date",
            "at or before recorded_at",
        ),
        (
            changed("registrations", 0, birth_date="1990-02-30"),
            "history.registrations[0].birth_date",
            "date YYYY, YYYY-MM or YYYY-MM-DD",
        ),
        (changed("dispenses", 0, days_supply=401), "history.dispenses[0].days_supply", "at most 400"),
        (changed("dispenses", 0, days_supply=0), "history.dispenses[0].days_supply", "at least 1"),
        (changed("dispenses", 0, days_supply=30.5), "history.dispenses[0].days_supply", "integer"),
        (
            changed("observations", 0, value=-1),
            "history.observations[0].value",
            "between 0 and 10,000,000 copies/mL",
        ),
        (changed("observations", 0, value=float("nan")), "history.observations[0].value", "finite"),
        (changed("observations", 0, value=None), "history.observations[0].value", "required"),
        (
            changed("observations", 0, value="high"),
            "history.observations[0].value",
            "number or a form of a censored result",
        ),
        (changed("observations", 0, code="cd4", value="<20"), "history.observations[0].value", "number"),
        (
            changed("registrations", 0, art_started_on="1990-04-30"),
            "history.registrations[0].art_started_on",
            "at or after birth_date",
        ),
    ],
)
def test_an_invalid_value_is_refused_with_its_field_and_bound(body, field, bound):
    errors = refused(body)
    assert errors.keys() == {field}
    assert errors[field][1] == bound


@pytest.mark.parametrize(("code", "value", "unit"), [("weight", 61_000, "g"), ("height", 1.66, "m")])
def test_an_error_names_a_confused_unit(code, value, unit):
    message, _ = refused(changed("observations", 0, code=code, value=value))["history.observations[0].value"]
    assert message.endswith(f"the value looks like {unit}")


@pytest.mark.parametrize(
    ("form", "copies"),
    [
        ("LDL", 0),
        (" ldl ", 0),
        ("Not Detected", 0),
        ("not detected", 0),
        ("Target not detected", 0),
        ("<20", 19),
        ("< 20 copies/mL", 19),
        ("<1000", 999),
        ("<0.5", 0),
        ({"below": 20}, 19),
        (">10000000", 1e7),
        ({"above": 1_000_000}, 1_000_001),
        (450, 450),
    ],
)
def test_a_censored_viral_load_is_read_as_a_count(form, copies):
    assert parse(changed("observations", 0, value=form)).observations[0].value == copies


@pytest.mark.parametrize(
    "form",
    [
        *("", "20", "<", "<-20", "<0", ">99999999", "<20 IU/mL", "=20", "x" * 100_000),
        *({}, {"below": True}, {"under": 20}, {"below": 20, "above": 10}, {"below": "20"}, [20]),
    ],
)
def test_another_form_of_viral_load_is_refused(form):
    assert refused(changed("observations", 0, value=form)).keys() == {"history.observations[0].value"}


def test_art_may_start_in_a_partly_known_birth_month():
    body = changed("registrations", 0, birth_date="2010", art_started_on="2010-02-01")
    assert parse(body).registrations[0].art_started_on == date(2010, 2, 1)


@pytest.mark.parametrize("document_", [None, [], "x", 3])
def test_a_history_that_is_no_object_is_refused(document_):
    assert refused(document_)["history"][1] == "object"


def test_facts_out_of_order_are_refused():
    body = document()
    body["visits"].reverse()
    assert refused(body) == {"history.visits[1].visited_at": ("must be in order of time", "at or after visits[0]")}


def test_lists_beyond_their_bounds_are_refused():
    body = document()
    body["observations"] *= 1201
    assert refused(body)["history.observations"][1] == "at most 1200"


@pytest.mark.parametrize("body", [{}, {"visits": []}, {"visits": [], "dispenses": []}])
def test_a_history_without_visit_and_dispense_is_refused(body):
    error = ("must not be empty without `dispenses`", "at least one visit or dispense")
    assert refused(document() | {"visits": [], "dispenses": []} | body) == {"history.visits": error}
    assert refused(body) == {"history.visits": error}


def test_a_history_may_have_dispenses_only():
    body = {name: records for name, records in document().items() if name != "visits"}
    assert parse(body).visits == ()
    assert parse(to_json(parse(body))) == parse(body)


def test_errors_are_limited_to_20_and_contain_no_values():
    body = document()
    body["visits"] = [{"visited_at": "SECRET", "recorded_at": "SECRET", "scheduled": "SECRET"}] * 100
    with pytest.raises(InvalidInput) as caught:
        parse(body)
    assert len(caught.value.errors) == 20
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_json_schema_contains_formats_and_forbids_extra_fields():
    schema = HistoryIn.model_json_schema()
    assert schema["$defs"]["VisitIn"]["properties"]["visited_at"]["format"] == "date-time"
    assert schema["additionalProperties"] is False


def test_every_observation_code_has_a_unit_and_a_range():
    assert set(OBSERVATION_SPECS) == set(get_args(ObservationCode))


def test_an_unknown_feature_set_is_a_key_error():
    with pytest.raises(KeyError):
        get_feature_set("art-visits/0")
