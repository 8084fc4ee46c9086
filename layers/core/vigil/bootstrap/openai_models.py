"""Wires the models of OpenAI, for functions of a deployment that has a key."""

from datetime import timedelta
from typing import TYPE_CHECKING

from vigil.bootstrap import breakers, outbound, process
from vigil.errors import Unavailable

if TYPE_CHECKING:
    from vigil.assistant.answers.openai_selector import OpenAiSelector
    from vigil.assistant.retrieval.openai_embedder import OpenAiEmbedder
    from vigil.aws.secrets import Secret
    from vigil.outbound.openai_calls import CallLimits, OpenAiCalls

NEEDS = breakers.NEEDS
"""Settings that a function with models of OpenAI cannot start without."""
_SELECTION_LIMIT = timedelta(seconds=20)
_SELECTION_REQUEST_LIMIT = timedelta(seconds=15)
_SELECTION_RESERVE = timedelta(seconds=4)
"""Time for the checks and the commit of an answer after the last request."""
_SELECTION_BYTES = 256 * 1024
"""Maximum size of the answer to a selection: 800 tokens, and the request's own instructions and form."""
_EMBEDDING_BYTES = 2 << 20
"""Maximum size of the answer to a request for embeddings: 256 vectors of 512 numbers in base64 have 0.7 MB."""


@process.once
def selector() -> "OpenAiSelector":
    """Return the model that selects sentences."""
    from vigil.assistant.answers.openai_selector import CIRCUIT, OpenAiSelector, SelectorParts
    from vigil.outbound.openai_calls import CallLimits

    limits = CallLimits(_SELECTION_LIMIT, _SELECTION_REQUEST_LIMIT, _SELECTION_BYTES, _SELECTION_RESERVE)
    parts = SelectorParts(
        _calls(CIRCUIT, limits),
        process.settings().openai_selection_model,
        lambda: _field("tenant_key").encode(),
        lambda: process.telemetry().log_degradation("CanariesSeen"),
    )
    return OpenAiSelector(parts)


@process.once
def embedder(limit: timedelta) -> "OpenAiEmbedder":
    """Return the model of embeddings. `limit` is the maximum time of a call with both of its requests."""
    from vigil.assistant.retrieval.openai_embedder import CIRCUIT, OpenAiEmbedder
    from vigil.outbound.openai_calls import CallLimits

    calls = _calls(CIRCUIT, CallLimits(limit, limit, _EMBEDDING_BYTES))
    return OpenAiEmbedder(calls, process.settings().openai_embedding_dimension)


def _calls(circuit: str, limits: "CallLimits") -> "OpenAiCalls":
    from time import sleep

    from vigil.outbound.guarded_https import GuardedHttps
    from vigil.outbound.openai_calls import OpenAiAccount, OpenAiCalls

    account = OpenAiAccount(process.settings().openai_address, lambda: _field("api_key"))
    https = GuardedHttps(outbound.outbound(), breakers.circuit_breakers(limits.request), circuit)
    return OpenAiCalls(account, limits, https, process.now, sleep)


def _field(name: str) -> str:
    """Return a field of the secret. Raises Unavailable, also for a secret without it."""
    if name not in (fields := _secret().values()):
        raise Unavailable(f"The secret of VIGIL_OPENAI_SECRET_ARN has no field {name}.")
    return fields[name]


@process.once
def _secret() -> "Secret":
    return process.secret("openai_secret_arn")
