"""What a function is told by its environment, and how it says what is wrong with it."""

from datetime import timedelta

import pytest

from vigil.runtime.settings import Settings

STAGE = {"VIGIL_STAGE": "local"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIGIL_STAGE", ""),
        ("VIGIL_OFFBOARDING_PAUSE_SECONDS", "two"),
        ("VIGIL_BACKOFF_BASE_SECONDS", "1.5"),
        ("VIGIL_AUTHORIZER_CACHE_SECONDS", "half a minute"),
        ("VIGIL_QUEUES", "{"),
        ("VIGIL_MODEL_FLOORS", "[]"),
        ("VIGIL_MODEL_KEYS", '{"a": "1", "b": "2", "c": "3"}'),
    ],
)
def test_what_is_missing_or_malformed_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Settings.from_env(STAGE | {name: value})


def test_an_empty_number_is_its_default():
    told = Settings.from_env(STAGE | {"VIGIL_OFFBOARDING_PAUSE_SECONDS": ""})
    assert told.offboarding_pause == timedelta(seconds=120)
