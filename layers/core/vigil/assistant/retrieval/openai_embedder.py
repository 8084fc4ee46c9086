"""Embeds texts with a model of OpenAI."""

import math
from array import array
from base64 import b64decode
from collections.abc import Iterator, Sequence
from sys import byteorder
from typing import TYPE_CHECKING, Any

from vigil.assistant.retrieval.model import VectorSpace
from vigil.assistant.retrieval.ports import MAX_TEXTS, Embeddings, NotEmbedded
from vigil.errors import MalformedRequest, Unavailable
from vigil.kernel.json_documents import loads
from vigil.kernel.model_tokens import estimate_tokens, is_token_count
from vigil.outbound.requests import NoAnswer

if TYPE_CHECKING:
    from vigil.outbound.openai_calls import OpenAiCalls

CIRCUIT = "openai:embeddings"
"""Circuit of the endpoint."""
MODEL = "text-embedding-3-small"
_TEXT_BYTES = 8_192
"""Maximum size of a text in bytes. The vendor allows so many tokens, and a token has at least one byte."""
_REQUEST_BYTES = 300_000
"""Maximum size of all texts of a request in bytes. The vendor allows so many tokens."""


class OpenAiEmbedder:
    """Embeds texts with `text-embedding-3-small`. A longer text than 8,192 bytes is represented by its beginning."""

    def __init__(self, calls: "OpenAiCalls", dimension: int) -> None:
        self._calls = calls
        self._space = VectorSpace(f"{MODEL}/1", dimension)

    @property
    def space(self) -> VectorSpace:
        """The space of the vectors: the model, the version of our treatment of texts, and the dimension."""
        return self._space

    def embed(self, tenant_id: str, texts: Sequence[str]) -> Embeddings:  # noqa: ARG002 - the vendor gets no tenant
        """Return the vectors of at most MAX_TEXTS texts.

        Raises NotEmbedded, also for an open circuit, and ValueError for more texts or an empty one.
        """
        if len(texts) > MAX_TEXTS or not all(texts):
            raise ValueError(f"at most {MAX_TEXTS} texts with at least one character can be embedded at once")
        vectors: list[Sequence[float]] = []
        tokens = 0
        for part in _requests(texts):
            answered = self._embed(part, tokens)
            vectors += answered.vectors
            tokens += answered.tokens
        return Embeddings(vectors, tokens)

    def _embed(self, texts: list[str], billed: int) -> Embeddings:
        """Return the vectors of one request. `billed` are the tokens of the requests before it."""
        estimate = sum(estimate_tokens(len(text.encode())) for text in texts)
        try:
            body = self._calls.send(
                lambda client, timeout: client.embeddings.with_raw_response.create(
                    model=MODEL,
                    input=texts,
                    dimensions=self._space.dimension,
                    encoding_format="base64",
                    timeout=timeout,
                )
            )
        except NoAnswer as error:
            raise NotEmbedded(billed + (estimate if error.was_sent else 0)) from error
        except Unavailable as error:
            raise NotEmbedded(billed) from error
        tokens = estimate
        try:
            document = loads(body)
            tokens = _tokens(document)
            return Embeddings(_vectors(document, len(texts), self._space.dimension), tokens)
        except (MalformedRequest, ValueError, KeyError, TypeError) as error:
            raise NotEmbedded(billed + tokens) from error


def _requests(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the shortened texts of each request, in their order."""
    part: list[str] = []
    size = 0
    for text in texts:
        content = text.encode()[:_TEXT_BYTES]
        if part and size + len(content) > _REQUEST_BYTES:
            yield part
            part, size = [], 0
        part.append(content.decode(errors="ignore"))
        size += len(content)
    if part:
        yield part


def _tokens(document: Any) -> int:
    """Return the billed tokens of an answer. Raises KeyError, TypeError and ValueError for another form."""
    tokens: int = document["usage"]["total_tokens"]
    if not is_token_count(tokens):
        raise ValueError("the answer does not name its tokens")
    return tokens


def _vectors(document: Any, count: int, dimension: int) -> list[Sequence[float]]:
    """Return the vectors of an answer by their index. Raises KeyError, TypeError and ValueError for another form."""
    found = {entry["index"]: entry["embedding"] for entry in document["data"]}
    if len(document["data"]) != count or found.keys() != set(range(count)):
        raise ValueError("the answer does not have one vector for each text")
    return [_vector(found[index], dimension) for index in range(count)]


def _vector(text: str, dimension: int) -> Sequence[float]:
    """Return a vector of length 1 from its base64 form: little-endian floats of four bytes."""
    values = array("f", b64decode(text, validate=True))
    if byteorder == "big":
        values.byteswap()
    length = math.sqrt(math.fsum(value * value for value in values))
    if len(values) != dimension or not math.isfinite(length) or length == 0:
        raise ValueError("a vector has another dimension, no direction, or a value that is not finite")
    return [value / length for value in values]
