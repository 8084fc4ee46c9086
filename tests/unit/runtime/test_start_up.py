"""A function on AWS refuses unsafe settings and names each of them; the stage `local` allows them."""

import base64
import json
import subprocess
import sys
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.checkout import ROOT
from tests.support import entries
from tests.support.production_settings import environment
from vigil.runtime.settings import SettingsError
from vigil.runtime.start_up import allowances, check_environment, faults
from vigil.runtime.unsafe_settings import weak_fields

FUNCTIONS = ("scoring_api", "alerting_api", "inbound_api", "tenants_offboarding", "tokens_authorizer", "tokens_api")
NEEDS = {name for function in FUNCTIONS for name in entries.entry(function).needs}
SQS = "https://sqs.eu-west-1.amazonaws.com/000000000000/canary-queue"

OPENAI_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:canary-of-openai"


@cache
def environment_of_production():
    """Return the variables of several functions together, so that each setting is among them."""
    return {name: text for function in FUNCTIONS for name, text in environment(function).items()}


def pinned(key):
    return json.dumps({"canary": base64.b64encode(key).decode()})


def published(private):
    return pinned(Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())


UNSAFE = [
    ("AWS_ENDPOINT_URL", "http://canary.internal"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "https://canary.internal"),
    ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://canary.internal"),
    ("AWS_PROFILE", "canary"),
    ("AWS_CONFIG_FILE", "/canary"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/canary"),
    ("AWS_DATA_PATH", "/canary"),
    ("AWS_CA_BUNDLE", "/canary.pem"),
    ("REQUESTS_CA_BUNDLE", "/canary.pem"),
    ("SSL_CERT_FILE", "/canary.pem"),
    ("SSL_CERT_FILE", "/etc/pki/../canary.pem"),
    ("SSL_CERT_DIR", "/etc/pki/tls/certs:/opt/canary"),
    ("AWS_ACCESS_KEY_ID", "canary-test"),
    ("AWS_ACCESS_KEY_ID", "AKIACANARYCANARYCANA"),
    ("AWS_SAM_LOCAL", "true"),
    ("AWS_XRAY_SDK_ENABLED", "false"),
    ("AWS_LAMBDA_LOG_LEVEL", "ERROR"),
    ("LOG_LEVEL", "debug"),
    ("POWERTOOLS_LOG_LEVEL", "DEBUG"),
    ("POWERTOOLS_DEV", "true"),
    ("POWERTOOLS_DEBUG", "1"),
    ("POWERTOOLS_LOGGER_LOG_EVENT", "true"),
    ("POWERTOOLS_LOGGER_SAMPLE_RATE", "0.17"),
    ("POWERTOOLS_TRACE_DISABLED", "true"),
    ("POWERTOOLS_SERVICE_NAME", ""),
    ("SSLKEYLOGFILE", "/canary"),
    ("LD_PRELOAD", "/canary.so"),
    ("LD_AUDIT", "/canary.so"),
    ("AWS_LAMBDA_EXEC_WRAPPER", "/opt/canary"),
    ("PYTHONPATH", "/home/canary"),
    ("PYTHONPATH", "/var/runtime:/optcanary"),
    ("PYTHONPATH", "/opt/../canary"),
    ("PYTHONPATH", "/var/runtime:"),
    ("PYTHONDEVMODE", "1"),
    ("PYTHONASYNCIODEBUG", "1"),
    ("VIGIL_ACCESS_TABLE", "vigil-local-canary"),
    ("VIGIL_ACCESS_TABLE", environment("scoring_api")["VIGIL_DECISIONS_TABLE"]),
    ("VIGIL_BATCHES_BUCKET", environment("scoring_api")["VIGIL_PACKAGES_BUCKET"]),
    ("VIGIL_ACCESS_SECRET_ARN", environment("scoring_api")["VIGIL_CURSOR_SECRET_ARN"]),
    ("VIGIL_CURSOR_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:000000000000:secret:canary"),
    ("VIGIL_ALERTS_QUEUE", "http://127.0.0.1:4566/123456789012/canary"),
    ("VIGIL_ALERTS_QUEUE", SQS),
    ("VIGIL_ALERT_DELIVERIES_QUEUE", environment("alerting_api")["VIGIL_USAGE_EVENTS_QUEUE"]),
    ("VIGIL_MODEL_KEYS", published(bytes(range(32)))),
    ("VIGIL_MODEL_KEYS", pinned(bytes(32))),
    ("VIGIL_MODEL_KEYS", pinned(b"\x01" + bytes(30) + b"\x80")),
    ("VIGIL_MODEL_KEYS", "{}"),
    ("VIGIL_MODEL_KEYS", ""),
    ("VIGIL_OUTBOUND_ALLOW", "169.254.169.254:80"),
    ("VIGIL_OUTBOUND_ALLOW", "vectors.internal:8443,127.0.0.2:9000"),
    ("VIGIL_OUTBOUND_ALLOW", "[::ffff:127.0.0.1]:9000"),
    *(
        ("VIGIL_OUTBOUND_ALLOW", f"{host}:9000")
        for host in ("localhost", "LocalHost.", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::127.0.0.1]")
    ),
    *(
        ("VIGIL_OUTBOUND_ALLOW", f"vectors.internal:8443,{host}:80")
        for host in ("2852039166", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "localhost.localdomain")
    ),
    *(
        (variable, address)
        for variable in ("VIGIL_API_ADDRESS", "VIGIL_ALERTS_QUEUE")
        for address in ("https://localhost.", "https://vigil.localhost.", "https://127.1.", "https://0x7f.0.0.0xa")
    ),
    *(("VIGIL_TENANT_DOMAIN", name) for name in ("LOCALHOST.", "vigil.localhost.", "vigil.example.org.", "0x7f.0xa")),
    ("VIGIL_ALERTS_QUEUE", "https://[::1"),
    ("VIGIL_ALERTS_QUEUE", "https://sqs.eu-west-1.amazonaws.com@localhost/123456789012/canary"),
    ("VIGIL_MAIL_SENDER", "canary@vigil.localdomain"),
    ("VIGIL_SENTRY_DSN", f"https://{16 * '0a'}@127.1/42"),
    ("VIGIL_API_ADDRESS", "http://localhost:8000"),
    ("VIGIL_API_ADDRESS", "https://canary.example.org"),
    ("VIGIL_API_ADDRESS", "https://10.1.2.3"),
    ("VIGIL_TENANT_DOMAIN", "localhost"),
    ("VIGIL_MAIL_SENDER", "canary@vigil.example"),
    ("VIGIL_AUTHORIZER_CACHE_SECONDS", "31"),
    ("VIGIL_OFFBOARDING_PAUSE_SECONDS", "89"),
    ("VIGIL_UPLOAD_ADDRESS_SECONDS", "21601"),
    ("VIGIL_UPLOAD_ADDRESS_SECONDS", "0"),
    ("VIGIL_BACKOFF_BASE_SECONDS", "0"),
    ("VIGIL_SAMPLE_PAUSE_SECONDS", "29"),
    ("VIGIL_SAMPLE_PAUSE_SECONDS", "121"),
    ("VIGIL_SENTRY_DSN", f"http://{16 * '0a'}@canary.sentry.io/42"),
    *(
        ("VIGIL_OPENAI_ADDRESS", address)
        for address in (
            "https://canary.vigil-operations.net/v1",
            "https://api.openai.com.canary.net/v1",
            "https://canary.api.openai.com/v1",
            "https://api.openai.com/v2",
            "http://localhost:8000/v1",
        )
    ),
    ("VIGIL_OPENAI_SECRET_ARN", OPENAI_SECRET),
    ("OPENAI_API_KEY", "canary"),
    ("OPENAI_BASE_URL", "https://canary.vigil-operations.net"),
    ("OPENAI_CUSTOM_HEADERS", "canary: a"),
    ("OPENAI_LOG", "debug"),
    ("VIGIL_AWS_READ_TIMEOUT_MS", "14001"),
    ("VIGIL_STAGE", "production"),
    ("VIGIL_ACCESS_TABLE", ""),
]
FAULTY_EVERYWHERE = {("VIGIL_MODEL_KEYS", "{}"), ("VIGIL_MODEL_KEYS", ""), ("VIGIL_ACCESS_TABLE", "")}
"""Settings without which no stage can work."""
LOCAL = {"VIGIL_STAGE": "local", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "POWERTOOLS_TRACE_DISABLED": "true"}
LOCAL_NAMES = {"AWS_ENDPOINT_URL", "VIGIL_STAGE"}
"""Variables whose values make a stage local."""


def test_variables_of_a_production_are_accepted():
    check_environment(environment_of_production(), NEEDS)
    assert len(UNSAFE) >= 40


@pytest.mark.parametrize(("variable", "value"), UNSAFE)
def test_unsafe_setting_is_refused_by_its_name_without_its_value(variable, value):
    with pytest.raises(SettingsError, match=variable) as refused:
        check_environment(environment_of_production() | {variable: value}, NEEDS)
    assert "canary" not in str(refused.value)
    assert not value or len(value) < 5 or value not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"), [each for each in UNSAFE if each not in FAULTY_EVERYWHERE and each[0] not in LOCAL_NAMES]
)
def test_stage_local_allows_an_unsafe_setting_and_lists_it(variable, value):
    variables = environment_of_production() | LOCAL | {variable: value}
    assert faults(variables, NEEDS) == []
    assert any(variable in sentence for sentence in allowances(variables))


@pytest.mark.parametrize(("variable", "value"), sorted(FAULTY_EVERYWHERE))
def test_stage_local_refuses_what_no_stage_can_do_without(variable, value):
    (fault,) = faults(environment_of_production() | LOCAL | {variable: value}, NEEDS)
    assert fault.startswith(variable)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PYTHONPATH", "/var/runtime"),
        ("PYTHONPATH", "/opt/python:/var/runtime:/var/task"),
        ("SSL_CERT_FILE", "/etc/pki/tls/certs/ca-bundle.crt"),
        ("VIGIL_SAMPLE_PAUSE_SECONDS", "30"),
        ("VIGIL_SAMPLE_PAUSE_SECONDS", "120"),
        ("VIGIL_SENTRY_DSN", f"https://{16 * '0a'}@o1.ingest.sentry.io/42"),
        ("VIGIL_OUTBOUND_ALLOW", "vectors.internal:8443,10.1.2.3:9000,[fd12::1]:9000"),
        ("VIGIL_TENANT_DOMAIN", "Vigil.Hospital.org."),
        ("VIGIL_MAIL_SENDER", "alerts@vigil.hospital.org"),
        ("VIGIL_API_ADDRESS", "https://api.hospital.org"),
        ("VIGIL_OPENAI_ADDRESS", "https://eu.api.openai.com/v1"),
    ],
)
def test_safe_value_of_the_same_variable_is_accepted(variable, value):
    check_environment(environment_of_production() | {variable: value}, NEEDS)


@pytest.mark.parametrize("agreement", ["baa", "zdr"])
def test_a_key_of_openai_needs_an_agreement_about_health_data(agreement):
    keyed = environment_of_production() | {"VIGIL_OPENAI_SECRET_ARN": OPENAI_SECRET}
    (fault,) = faults(keyed, NEEDS)
    assert fault.startswith("VIGIL_OPENAI_DATA_AGREEMENT must be baa or zdr")
    assert faults(keyed | {"VIGIL_OPENAI_DATA_AGREEMENT": agreement}, NEEDS) == []


def test_one_message_names_all_faults():
    others = {"VIGIL_EVENT_BUS": "", "VIGIL_OFFBOARDING_PAUSE_SECONDS": "canary", "VIGIL_ACCESS_SECRET_ARN": "canary"}
    unsafe = dict(UNSAFE) | others | {"VIGIL_STAGE": "prod"}
    with pytest.raises(SettingsError) as refused:
        check_environment(environment_of_production() | unsafe, NEEDS)
    assert [name for name in unsafe if name not in str(refused.value) and name != "VIGIL_STAGE"] == []
    assert "canary" not in str(refused.value)


def test_page_of_the_start_names_every_variable():
    page = (ROOT / "docs" / "operations" / "start-up.md").read_text()
    kinds = ("_ARN", "_BUCKET", "_QUEUE", "_TABLE")
    named = {variable for variable, _ in UNSAFE if not variable.endswith(kinds) and "_URL_" not in variable}
    assert [variable for variable in sorted(named) if f"`{variable}`" not in page] == []


def test_stage_local_is_refused_on_aws():
    variables = environment_of_production() | LOCAL
    for endpoint in ("", "https://dynamodb.eu-west-1.amazonaws.com"):
        (fault,) = faults(variables | {"AWS_ENDPOINT_URL": endpoint}, NEEDS)
        assert fault.startswith("VIGIL_STAGE must not be local on AWS")
    for emulated in ({"AWS_ENDPOINT_URL": "http://host.docker.internal:4566"}, {"AWS_SAM_LOCAL": "true"}):
        assert faults(variables | emulated, NEEDS) == []


def test_other_stages_have_no_allowances():
    assert allowances(environment_of_production() | {"AWS_ENDPOINT_URL": "http://canary"}) == []


def test_fields_that_can_be_guessed_are_named():
    strong = "".join(map(chr, range(48, 112)))
    assert weak_fields({"pepper_version": "1", "pepper_1": strong, "key": strong[:32]}) == []
    assert weak_fields({"pepper_1": strong[:31], "key": 32 * "0", "old": 32 * "changeme", "good": strong}) == [
        "pepper_1", "key", "old",
    ]  # fmt: skip


def test_checks_load_no_module_that_a_function_does_not_load_anyway():
    script = """
import sys, vigil.aws.clients, vigil.runtime.settings, vigil.runtime.snapshots
before = set(sys.modules)
import vigil.runtime.start_up
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "vigil.runtime.known_keys", "vigil.runtime.start_up", "vigil.runtime.unsafe_settings",
    ]  # fmt: skip
