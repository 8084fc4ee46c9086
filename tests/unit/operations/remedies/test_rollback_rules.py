"""A function returns to an older version only if that version trusts the same models."""

import pytest

from vigil.operations.remedies.functions_model import FunctionVersion, LiveAlias, older_version, rollback_refusal

KEYS, OTHER = '{"k1": "a"}', '{"k2": "b"}'


def version(number, **variables):
    named = {f"VIGIL_MODEL_{name.upper()}": text for name, text in variables.items()}
    return FunctionVersion(number, "2026-03-01T12:00:00+00:00", named)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({}, {}),
        ({"keys": KEYS}, {"keys": '{ "k1":"a" }'}),
        ({"floors": '{"iit": 3}'}, {"floors": '{"iit": 3, "wdbc": 2}'}),
        ({"floors": '{"iit": 3}'}, {"floors": '{"iit": 4}'}),
        ({"floors": '{"iit": 1}'}, {"floors": ""}),
    ],
)
def test_a_version_that_trusts_the_same_models_is_accepted(newer, older):
    assert rollback_refusal(version(7, **newer), version(6, **older)) == ""


@pytest.mark.parametrize(
    ("newer", "older", "reason"),
    [
        ({"keys": KEYS}, {"keys": OTHER}, "other model keys"),
        ({"keys": KEYS}, {}, "other model keys"),
        ({"keys": KEYS}, {"keys": '{"k1": "a", "k2": "b"}'}, "other model keys"),
        ({"floors": '{"iit": 3}'}, {"floors": '{"iit": 2}'}, "lower floor than version 7 for iit"),
        ({"floors": '{"iit": 3, "wdbc": 2}'}, {}, "for iit, wdbc"),
        ({"keys": KEYS}, {"keys": "{"}, "cannot be read"),
        ({"keys": KEYS}, {"keys": "[]"}, "cannot be read"),
        ({"floors": '{"iit": "x"}'}, {"floors": "{}"}, "cannot be read"),
    ],
)
def test_a_version_that_trusts_other_models_is_refused(newer, older, reason):
    assert reason in rollback_refusal(version(7, **newer), version(6, **older))


def test_a_canary_returns_to_the_version_beside_it():
    versions = [version(number) for number in (3, 5, 6, 7)]
    assert older_version(LiveAlias(6, "r", canary=7), versions) == 6
    assert older_version(LiveAlias(6, "r"), versions) == 5
    assert older_version(LiveAlias(3, "r"), versions) is None
