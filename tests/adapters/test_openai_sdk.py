"""The fake of OpenAI is honest: the vendor's own SDK passes the same scenarios, with strict checks of all answers."""

import json

import httpx2
import openai
import pytest
from openai.types import EmbeddingCreateParams
from openai.types.responses import ResponseCreateParams

from tests.support.fakes.openai_rules import EMBEDDING_FIELDS, RESPONSE_FIELDS
from tests.support.fakes.openai_server import (
    CHAT_MODEL,
    EMBEDDING_MODEL,
    KEY,
    MODELS,
    FakeOpenAi,
    Step,
    incomplete,
    lose,
    refusal,
    refuse,
    vector_of,
)
from tests.support.fakes.openai_ways import serving


def test_the_fake_knows_the_fields_of_the_sdk():
    fields = {name for each in ResponseCreateParams.__args__ for name in each.__annotations__}
    assert fields == RESPONSE_FIELDS
    assert EmbeddingCreateParams.__annotations__.keys() == EMBEDDING_FIELDS


ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
}
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
DATA = 'm\n{"question": "zinc", "passages": [{"id": "a", "sentences": {"0": "zinc"}}]}\nm'


class Sdk:
    """The SDK, which validates all answers, with its own way to the fake."""

    def __init__(self, fake, address, http):
        self.fake = fake
        self.client = openai.OpenAI(
            api_key=KEY, base_url=address, max_retries=0, http_client=http, _strict_response_validation=True
        )

    def ask(self, *steps, schema=SCHEMA, **more):
        self.fake.script = [*steps]
        form = {"format": {"type": "json_schema", "name": "a", "strict": True, "schema": schema}}
        return self.client.responses.create(model=CHAT_MODEL, input=DATA, text=form, max_output_tokens=99, **more)


@pytest.fixture
def sdk():
    fake = FakeOpenAi()
    with serving(fake) as address, httpx2.Client(trust_env=False) as http:
        yield Sdk(fake, address, http)


def test_the_sdk_reads_models_vectors_and_answers_of_the_fake(sdk):
    assert [model.id for model in sdk.client.models.list()] == [*MODELS]
    vectors = sdk.client.embeddings.create(
        model=EMBEDDING_MODEL, input=["a", "b"], dimensions=384, encoding_format="float"
    )
    assert [each.embedding for each in vectors.data] == [vector_of(text, 384) for text in "ab"]
    found = sdk.ask()
    assert json.loads(found.output_text)["selections"] == [{"passage": "a", "first": 0, "last": 0}]
    assert (vectors.usage.total_tokens + found.usage.input_tokens, found.usage.output_tokens) == sdk.fake.billed
    assert sdk.ask(Step(edit=incomplete)).incomplete_details.reason == "max_output_tokens"
    assert sdk.ask(Step(edit=refusal)).output[0].content[0].refusal == "I cannot help."


def test_the_sdk_raises_its_own_errors_for_faults_of_the_fake(sdk):
    for status, error in ERRORS.items():
        with pytest.raises(error, match="canary-of-an-error"):
            sdk.ask(refuse(status))
    with pytest.raises(openai.APITimeoutError):
        sdk.ask(lose("hang"), timeout=0.3)
    for loss in ("cut", "reset"):
        with pytest.raises(openai.APIConnectionError):
            sdk.ask(lose(loss))


def test_the_fake_refuses_unknown_fields_other_schemas_and_keys(sdk):
    for fields in ({"extra_body": {"unknown": 1}}, {"safety_identifier": "x" * 129}, {"prompt_cache_key": "x" * 65}):
        with pytest.raises(openai.BadRequestError):
            sdk.ask(**fields)
    for schema in (SCHEMA | {"additionalProperties": True}, SCHEMA | {"required": ["a"]}, SCHEMA | {"not": {}}):
        with pytest.raises(openai.BadRequestError):
            sdk.ask(schema=schema)
    with pytest.raises(openai.AuthenticationError):
        sdk.client.with_options(api_key="sk-other").models.list()
