"""A deployment with a key of OpenAI answers by its settings, its secret, its circuits and the real way out."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.support import tables
from tests.support.fakes.openai_server import KEY, FakeOpenAi, refuse
from tests.support.fakes.openai_ways import serving
from tests.support.selections import QUESTION, SENTENCES, ranked
from vigil.assistant.answers.ports import NoSelection
from vigil.bootstrap import openai_models, process
from vigil.outbound.breakers.model import CircuitId
from vigil.outbound.breakers.store import DynamoCircuits


@pytest.fixture
def fake(aws, monkeypatch):
    """A fake OpenAI, to which the settings of this process lead."""
    secret = json.dumps({"api_key": KEY, "tenant_key": "t" * 64})
    arn = aws("secretsmanager").create_secret(Name="openai", SecretString=secret)["ARN"]
    fake = FakeOpenAi()
    with serving(fake) as address:
        variables = tables.environment() | {
            "VIGIL_STAGE": "local",
            "VIGIL_EVENT_BUS": "decisions",
            "VIGIL_OPENAI_SECRET_ARN": arn,
            "VIGIL_OPENAI_ADDRESS": address,
            "VIGIL_OPENAI_EMBEDDING_DIMENSION": "512",
            "VIGIL_OUTBOUND_ALLOW": urlsplit(address).netloc,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        process.forget()
        yield fake
    process.forget()


def test_both_models_work_with_the_settings_of_a_deployment(fake):
    found = openai_models.selector().select("acme", QUESTION, {}, ranked(*SENTENCES))
    embedded = openai_models.embedder(timedelta(seconds=5)).embed("acme", ["zinc"])
    assert (found.is_answerable, len(embedded.vectors[0]), len(fake.requests)) == (True, 512, 2)


def test_a_secret_without_a_field_sends_nothing(fake, aws):
    aws("secretsmanager").put_secret_value(SecretId="openai", SecretString=json.dumps({"api_key": KEY}))
    with pytest.raises(NoSelection) as error:
        openai_models.selector().select("acme", QUESTION, {}, ranked(*SENTENCES))
    assert (error.value.usage, fake.requests) == (None, [])


def test_a_pause_of_the_vendor_applies_to_one_endpoint(fake, dynamodb):
    fake.script = [refuse(429, "rate_limit_exceeded", Retry_After="60")]
    for _ in range(3):
        with pytest.raises(NoSelection):
            openai_models.selector().select("acme", QUESTION, {}, ranked(*SENTENCES))
    openai_models.embedder(timedelta(seconds=5)).embed("acme", ["zinc"])
    assert [request.path for request in fake.requests] == ["/v1/responses", "/v1/embeddings"]
    circuit = DynamoCircuits(dynamodb, process.settings().limits_table).get(CircuitId("openai:responses"))
    assert circuit.throttled_until > process.now()
