"""Settings read from the environment, and the errors that name missing and malformed variables."""

import base64
import json
import traceback
from dataclasses import fields
from datetime import timedelta

import pytest

from vigil.runtime.settings import Settings, SettingsError

STAGE = {"VIGIL_STAGE": "local"}
MALFORMED = {
    "VIGIL_OFFBOARDING_PAUSE_SECONDS": "two-hidden",
    "VIGIL_BACKOFF_BASE_SECONDS": "1.5-hidden",
    "VIGIL_MAX_REPROCESS_ATTEMPTS": "hidden",
    "VIGIL_AWS_READ_TIMEOUT_MS": "hidden ms",
    "VIGIL_MODEL_FLOORS": '{"hidden": "1"}',
    "VIGIL_MODEL_KEYS": '{"hidden": "x"}',
    "VIGIL_OUTBOUND_ALLOW": "hidden",
    "VIGIL_SENTRY_DSN": "hidden",
    "VIGIL_MAIL_SENDER": "hidden",
    "VIGIL_TENANT_DOMAIN": "hidden_",
}

KEY = base64.b64encode(bytes(32)).decode()
NUMBERS = (
    "VIGIL_AUTHORIZER_CACHE_SECONDS",
    "VIGIL_AWS_CONNECT_TIMEOUT_MS",
    "VIGIL_AWS_READ_TIMEOUT_MS",
    "VIGIL_BACKOFF_BASE_SECONDS",
    "VIGIL_MAX_REPROCESS_ATTEMPTS",
    "VIGIL_OFFBOARDING_PAUSE_SECONDS",
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *MALFORMED.items(),
        ("VIGIL_STAGE", ""),
        ("VIGIL_AUTHORIZER_CACHE_SECONDS", "half a minute"),
        ("VIGIL_MODEL_FLOORS", "[]"),
        ("VIGIL_MODEL_FLOORS", '{"iit": true}'),
        ("VIGIL_MODEL_KEYS", "[]"),
        ("VIGIL_MODEL_KEYS", '{"a": 1}'),
        ("VIGIL_MODEL_KEYS", json.dumps(dict.fromkeys("abc", KEY))),
        ("VIGIL_MODEL_KEYS", "{}"),
        ("VIGIL_MODEL_KEYS", '{"a": "AAAA"}'),
        ("VIGIL_MODEL_KEYS", json.dumps({"a": f"!{KEY}"})),
        ("VIGIL_MODEL_KEYS", "[" * 100_000),
        ("VIGIL_MODEL_FLOORS", '{"iit": -1}'),
        ("VIGIL_USAGE_TABLE", " usage"),
        ("VIGIL_USAGE_TABLE", "us\nage"),
        ("VIGIL_EVENT_BUS", "bus\r\nb"),
        *(
            ("VIGIL_MAIL_SENDER", text)
            for text in ("a@b.org\r\nBcc: c@d.org", "a@b.org\n", "Vigil <a@b.org>", "a@b.org,c@d.org", "a b@c.org")
        ),
        *(
            ("VIGIL_TENANT_DOMAIN", text)
            for text in ("https://a.org", "a.org/", "a.org\n", "a b.org", "ä.org", "*.a.org")
        ),
        *(
            ("VIGIL_API_ADDRESS", text)
            for text in ("http://a.org", "https://a.org/", "https://a.org/?a", "a.org", "https://")
        ),
        *(("VIGIL_OPENAI_DATA_AGREEMENT", text) for text in ("yes", "BAA", "baa,zdr")),
        *(("VIGIL_OPENAI_EMBEDDING_DIMENSION", text) for text in ("0", "383", "1536", "384.0", "٣٨٤")),
        *(("VIGIL_OPENAI_SELECTION_MODEL", text) for text in ("GPT", "a b", "-gpt", "../gpt", "g" * 65)),
        ("VIGIL_STAGE", "no stage"),
        ("POWERTOOLS_TRACE_DISABLED", "maybe"),
        *((variable, number) for variable in NUMBERS for number in ("-1", "9" * 30, "1e3", "٣")),
        ("VIGIL_AWS_READ_TIMEOUT_MS", "0"),
        *(
            ("VIGIL_SENTRY_DSN", text)
            for text in (
                f"https://o1.ingest.sentry.io/{'1' * 4}",
                f"https://{'g' * 32}@o1.ingest.sentry.io/42",
                f"https://{'0' * 32}:{'1' * 32}@o1.ingest.sentry.io/42",
                f"https://{'0' * 32}@o1.ingest.sentry.io/",
                f"ftp://{'0' * 32}@o1.ingest.sentry.io/42",
            )
        ),
        *(
            ("VIGIL_OUTBOUND_ALLOW", text)
            for text in (
                ":443",
                "a:",
                "a:0",
                "a:65536",
                "a:٣",
                "a:443,",
                "https://a:443",
                "a:443/b",
                "a b:443",
                "*:443",
            )
        ),
    ],
)
def test_missing_or_malformed_variable_is_named(name, value):
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(STAGE | {name: value})


def test_one_error_names_every_broken_variable_once_without_values():
    with pytest.raises(SettingsError) as raised:
        Settings.from_env(MALFORMED, needs=("usage_table", "event_bus", "usage_table"))
    logged = "".join(traceback.format_exception(raised.value))
    names = [*MALFORMED, "VIGIL_STAGE", "VIGIL_USAGE_TABLE", "VIGIL_EVENT_BUS"]
    assert {name: logged.count(name) for name in names} == dict.fromkeys(names, 1)
    assert "hidden" not in logged


def test_reading_an_absent_setting_names_its_variable():
    with pytest.raises(SettingsError, match=r"^VIGIL_USAGE_TABLE is not set$"):
        Settings.from_env(STAGE).usage_table  # noqa: B018 - the read raises


def test_get_returns_the_default_of_an_absent_setting():
    settings = Settings("local", usage_table="usage")
    assert (settings.get("usage_table", "none"), settings.get("costs_table", "none")) == ("usage", "none")


def test_empty_variable_counts_as_not_set():
    settings = Settings.from_env(STAGE | {"VIGIL_OFFBOARDING_PAUSE_SECONDS": "", "VIGIL_MODEL_FLOORS": ""})
    assert (settings.offboarding_pause, settings.model_floors) == (timedelta(seconds=120), {})


def test_each_variable_sets_exactly_one_setting():
    variables = [field.metadata["variable"] for field in fields(Settings) if field.metadata]
    assert len(variables) == len(set(variables)) > 30


def test_variables_are_converted():
    settings = Settings.from_env(
        STAGE
        | {
            "VIGIL_TENANT_DOMAIN": "Example.ORG.",
            "VIGIL_AWS_READ_TIMEOUT_MS": "10000",
            "VIGIL_OFFBOARDING_PAUSE_SECONDS": "90",
            "VIGIL_MODEL_KEYS": json.dumps({"a": KEY}),
            "VIGIL_OUTBOUND_ALLOW": "Vectors.internal.:8443, 127.1:1,[0:0:0:0:0:0:0:1]:65535",
            "VIGIL_SENTRY_DSN": f"https://{'0a' * 16}@sentry.example.org:8443/relay/42",
            "POWERTOOLS_TRACE_DISABLED": "True",
        }
    )
    assert settings.tenant_domain == "example.org"
    assert settings.read_timeout == timedelta(seconds=10)
    assert settings.offboarding_pause == timedelta(seconds=90)
    assert settings.model_keys == {"a": bytes(32)}
    assert settings.outbound_allow == {("vectors.internal", 8443), ("127.0.0.1", 1), ("::1", 65_535)}
    assert settings.sentry_dsn == ("https://sentry.example.org:8443/relay/api/42/envelope/", "0a" * 16)
    assert not settings.traced


def test_an_idempotency_key_is_remembered_for_a_day():
    assert Settings.from_env(STAGE).idempotency_window == timedelta(hours=24)
