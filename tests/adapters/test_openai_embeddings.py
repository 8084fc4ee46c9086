"""Texts are embedded by a model of OpenAI within the limits of the vendor, and each billed token is told."""

import math

import pytest

from tests.support.fakes.openai_server import Step, lose, refuse, vector_of
from tests.support.selections import Models, served_models
from vigil.assistant.retrieval.model import VectorSpace
from vigil.assistant.retrieval.ports import NotEmbedded

TENANT = "acme-clinic"


@pytest.fixture
def models():
    return Models()


def test_vectors_have_length_one_and_the_order_of_their_texts():
    texts = [f"passage {number} é" for number in range(30)]
    with served_models() as make:
        models = make()
        found = models.embedder.embed(TENANT, texts)
    assert models.embedder.space == VectorSpace("text-embedding-3-small/1", 384)
    assert (found.tokens, len(found.vectors), len(models.fake.requests)) == (models.fake.billed[0], 30, 1)
    for text, vector in zip(texts, found.vectors, strict=True):
        assert math.isclose(math.hypot(*vector), 1, abs_tol=1e-12)
        assert math.dist(vector, vector_of(text, 384)) < 1e-6


def test_texts_are_split_and_cut_to_the_limits_of_the_vendor(models):
    long = "ü" * 9_000
    found = models.embedder.embed(TENANT, [long] * 40)
    sent = [request.document()["input"] for request in models.fake.requests]
    assert [len(part) for part in sent] == [36, 4]
    assert {text for part in sent for text in part} == {"ü" * 4_096}
    assert (len(found.vectors), found.tokens) == (40, models.fake.billed[0])


def test_no_text_makes_no_request_and_a_bad_list_is_refused(models):
    assert models.embedder.embed(TENANT, []).vectors == []
    for texts in (["a"] * 257, ["a", ""]):
        with pytest.raises(ValueError, match="256 texts"):
            models.embedder.embed(TENANT, texts)
    assert models.fake.requests == []


def changed(change):
    return Step(edit=lambda document: change(document["data"], document))


BROKEN_VECTORS = [
    changed(lambda data, _: data.pop()),
    changed(lambda data, _: data.append(data[0])),
    changed(lambda data, _: data[0].update(index=1)),
    changed(lambda data, _: data[0].update(embedding=data[0]["embedding"][4:])),
    changed(lambda data, _: data[0].update(embedding="AADAfw==" * 384)),
    changed(lambda data, _: data[0].update(embedding="A" * 2048)),
    changed(lambda data, _: data[0].update(embedding="!" * 2048)),
    changed(lambda data, _: data[0].update(embedding=[0.1] * 384)),
    changed(lambda data, _: data[0].pop("embedding")),
    changed(lambda _, document: document.update(data=None)),
]


@pytest.mark.parametrize("step", BROKEN_VECTORS)
def test_broken_vectors_are_refused_and_billed(models, step):
    models.fake.script = [step]
    with pytest.raises(NotEmbedded) as error:
        models.embedder.embed(TENANT, ["zinc", "iron"])
    assert (error.value.tokens, len(models.fake.requests)) == (models.fake.billed[0], 1)


def test_tokens_of_an_earlier_request_are_billed_with_a_later_failure(models):
    models.fake.script = [Step(), refuse(400, "invalid_request_error")]
    with pytest.raises(NotEmbedded) as error:
        models.embedder.embed(TENANT, ["u" * 9_000] * 40)
    assert error.value.tokens == models.fake.billed[0] > 0
    models.fake.script = [lose("hang")]
    with pytest.raises(NotEmbedded) as error:
        models.embedder.embed(TENANT, ["zinc"])
    assert error.value.tokens >= models.fake.bills[-1].input_tokens
