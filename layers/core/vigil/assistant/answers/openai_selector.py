"""Selects sentences with a model of OpenAI. The model returns ids and indexes only."""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vigil.assistant.answers.model import RankedPassage
from vigil.assistant.answers.openai_answers import CanarySeen, UnusableAnswer, read_document, read_selected, read_usage
from vigil.assistant.answers.ports import NoSelection, Selected, TokenUsage
from vigil.assistant.answers.selection_prompt_model import SCHEMA, SCHEMA_NAME, SelectionPrompt, build_prompt
from vigil.errors import Unavailable
from vigil.kernel.model_tokens import estimate_tokens
from vigil.outbound.requests import NoAnswer

if TYPE_CHECKING:
    from openai.types.responses import ResponseTextConfigParam

    from vigil.outbound.openai_calls import OpenAiCalls

CIRCUIT = "openai:responses"
"""Circuit of the endpoint."""
_MAX_OUTPUT_TOKENS = 800
_CONTEXT = b"vigil-openai-tenant/1\n"
_TEXT: "ResponseTextConfigParam" = {
    "format": {"type": "json_schema", "name": SCHEMA_NAME, "schema": dict(SCHEMA), "strict": True}
}
_SCHEMA_BYTES = len(json.dumps(_TEXT))


@dataclass(frozen=True, slots=True)
class SelectorParts:
    """Parts of a selector.

    `tenant_key` returns the key of the pseudonyms of tenants, or raises Unavailable. `on_canary` is called for an
    answer that contains its canary. `draw` returns random bytes as hexadecimal text.
    """

    calls: "OpenAiCalls"
    model: str
    tenant_key: Callable[[], bytes]
    on_canary: Callable[[], None]
    draw: Callable[[int], str] = secrets.token_hex


class OpenAiSelector:
    """Asks a model of OpenAI, which stores nothing and has no tools. The vendor gets a pseudonym of the tenant."""

    def __init__(self, parts: SelectorParts) -> None:
        self._parts = parts

    def select(
        self, tenant_id: str, question: str, context: Mapping[str, str], passages: Sequence[RankedPassage]
    ) -> Selected:
        """Return the sentences that answer the question, in their order. Raises NoSelection.

        At most two requests leave, and only one if an answer is lost.
        """
        prompt = build_prompt(question, context, passages, self._parts.draw)
        try:
            body = self._ask(tenant_id, prompt)
        except NoAnswer as error:
            raise NoSelection(_estimate(prompt) if error.was_sent else None) from error
        except Unavailable as error:
            raise NoSelection(None) from error
        return self._read(body, prompt)

    def _ask(self, tenant_id: str, prompt: SelectionPrompt) -> bytes:
        tenant = hmac.digest(self._parts.tenant_key(), _CONTEXT + tenant_id.encode(), "sha256").hex()
        return self._parts.calls.send(
            lambda client, timeout: client.responses.with_raw_response.create(
                model=self._parts.model,
                instructions=prompt.instructions,
                input=prompt.data,
                text=_TEXT,
                max_output_tokens=_MAX_OUTPUT_TOKENS,
                store=False,
                prompt_cache_key=tenant,
                safety_identifier=tenant,
                timeout=timeout,
            )
        )

    def _read(self, body: bytes, prompt: SelectionPrompt) -> Selected:
        usage = _estimate(prompt)
        try:
            document = read_document(body)
            usage = read_usage(document) or usage
            return read_selected(document, prompt, usage)
        except CanarySeen as error:
            self._parts.on_canary()
            raise NoSelection(usage) from error
        except UnusableAnswer as error:
            raise NoSelection(usage) from error


def _estimate(prompt: SelectionPrompt) -> TokenUsage:
    """Return the tokens of an answer that was lost: rather too many, so that the bill of the vendor is covered."""
    size = len(prompt.instructions.encode()) + len(prompt.data.encode()) + _SCHEMA_BYTES
    return TokenUsage(estimate_tokens(size), _MAX_OUTPUT_TOKENS, is_estimate=True)
