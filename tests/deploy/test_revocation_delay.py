"""The promised delay of a revocation: both caches of the authorizer have the same lifetime, of at most 30 s."""

from cli.checkout import ROOT
from cli.local import AUTHORIZER_CACHE_SECONDS
from tests.support.templates import functions, resources, template
from vigil.access.keys.authenticate import CACHE_AGE
from vigil.aws.attempts import MAX_ATTEMPTS
from vigil.runtime.settings import Settings
from vigil.runtime.unsafe_settings import (
    ATTEMPTS,
    MAX_CALL_TIME,
    MAX_REVOCATION_CACHE,
    MAX_UPLOAD_ADDRESS_LIFE,
    MIN_OFFBOARDING_PAUSE,
)

PROMISED_SECONDS = 60
PARAMETER = template(ROOT / "template.yaml")["Parameters"]["AuthorizerCacheSeconds"]
REFERENCE = {"Ref": "AuthorizerCacheSeconds"}


def test_two_cache_lifetimes_are_within_the_promise():
    assert 2 * PARAMETER["MaxValue"] <= PROMISED_SECONDS
    assert PARAMETER["MinValue"] <= AUTHORIZER_CACHE_SECONDS <= PARAMETER["Default"] <= PARAMETER["MaxValue"]


def test_defaults_of_template_settings_and_cache_are_equal():
    assert PARAMETER["Default"] == CACHE_AGE.total_seconds()
    assert Settings(stage="prod").authorizer_cache == Settings.from_env({"VIGIL_STAGE": "prod"}).authorizer_cache
    assert Settings(stage="prod").authorizer_cache == CACHE_AGE


def test_limits_of_the_start_are_those_of_the_template():
    parameters = template(ROOT / "template.yaml")["Parameters"]
    assert PARAMETER["MaxValue"] == MAX_REVOCATION_CACHE.total_seconds()
    assert parameters["UploadAddressSeconds"]["MaxValue"] == MAX_UPLOAD_ADDRESS_LIFE.total_seconds()
    assert parameters["ScoringTimeoutSeconds"]["MaxValue"] == MAX_CALL_TIME.total_seconds()
    shortest = PROMISED_SECONDS + parameters["ScoringTimeoutSeconds"]["MaxValue"]
    assert shortest <= MIN_OFFBOARDING_PAUSE.total_seconds() <= parameters["OffboardingPauseSeconds"]["Default"]
    assert ATTEMPTS == MAX_ATTEMPTS


def test_gateway_and_functions_read_the_same_parameter():
    applications = resources(ROOT / "template.yaml", "AWS::Serverless::Application")
    passed = {name: one["Parameters"].get("AuthorizerCacheSeconds") for name, one in applications.items()}
    assert {name for name, value in passed.items() if value == REFERENCE} == {"Api", "Access"}
    api = resources(ROOT / "infra" / "api.yaml", "AWS::Serverless::Api")["Api"]
    assert api["Auth"]["Authorizers"]["Tenancy"]["Identity"]["ReauthorizeEvery"] == REFERENCE
    for name in ("TokensAuthorizer", "TokensApi"):
        assert functions()[name]["Environment"]["Variables"]["VIGIL_AUTHORIZER_CACHE_SECONDS"] == REFERENCE
