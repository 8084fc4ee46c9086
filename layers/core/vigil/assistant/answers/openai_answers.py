"""The answer of a model that selects sentences, in the form of OpenAI's Responses API, checked field by field."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from vigil.assistant.answers.model import MAX_STATEMENTS, MissingPart, Selection
from vigil.assistant.answers.ports import Selected, TokenUsage
from vigil.assistant.answers.selection_prompt_model import SelectionPrompt
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import loads
from vigil.kernel.model_tokens import is_token_count

_MISSING_PARTS = get_args(MissingPart)


class UnusableAnswer(Exception):
    """A model's answer does not have the requested form. The message names the fault without a quote."""


class CanarySeen(UnusableAnswer):
    """The answer contains the secret text of the instructions, so that text in the data has steered the model."""

    def __init__(self) -> None:
        super().__init__("The answer contains the canary.")


def read_document(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object. Raises UnusableAnswer for any other text."""
    try:
        found = loads(text)
    except (ValueError, MalformedRequest):
        found = None
    if not isinstance(found, dict):
        raise UnusableAnswer("The answer is no JSON object.")
    return found


def read_usage(document: Mapping[str, Any]) -> TokenUsage | None:
    """Return the tokens that the vendor bills, or None if the answer does not name them."""
    usage = document.get("usage")
    counts = [usage.get(name) for name in ("input_tokens", "output_tokens")] if isinstance(usage, dict) else [None]
    if not all(is_token_count(count) for count in counts):
        return None
    return TokenUsage(*counts)


def read_selected(document: Mapping[str, Any], prompt: SelectionPrompt, usage: TokenUsage) -> Selected:
    """Return the selections of a complete answer, in their order and each once.

    Raises CanarySeen, and UnusableAnswer for an answer that is incomplete, refused or empty, has another text than the
    JSON object, or names a passage or a sentence that the request does not have.
    """
    if prompt.canary in json.dumps(document.get("output")).lower():
        raise CanarySeen
    if document.get("status") != "completed":
        raise UnusableAnswer("The answer is incomplete.")
    answer = read_document(_only_text(document))
    found = answer.get("selections")
    if answer.keys() != {"answerable", "selections", "missing"} or not isinstance(found, list):
        raise UnusableAnswer("The answer has another form.")
    is_answerable, missing = answer["answerable"], answer["missing"]
    if type(is_answerable) is not bool or missing not in _MISSING_PARTS:
        raise UnusableAnswer("The answer has another form.")
    selections = tuple(dict.fromkeys(_selection(each, prompt) for each in found))
    if len(found) > MAX_STATEMENTS:
        raise UnusableAnswer("The answer has too many selections.")
    if is_answerable != (missing == "nothing") or is_answerable != bool(selections):
        raise UnusableAnswer("The answer contradicts itself.")
    return Selected(is_answerable, selections, missing, usage)


def _only_text(document: Mapping[str, Any]) -> str:
    """Return the text of the one message. Steps of reasoning are ignored; anything else makes the answer unusable."""
    output = document.get("output")
    items = [item for item in output if not _has_type(item, "reasoning")] if isinstance(output, list) else []
    content = items[0].get("content") if len(items) == 1 and _has_type(items[0], "message") else None
    if not isinstance(content, list) or len(content) != 1 or not _has_type(content[0], "output_text"):
        raise UnusableAnswer("The answer has no text, a refusal or further parts.")
    if not isinstance(text := content[0].get("text"), str):
        raise UnusableAnswer("The answer has no text, a refusal or further parts.")
    return text


def _has_type(item: Any, name: str) -> bool:
    return isinstance(item, dict) and item.get("type") == name


def _selection(found: Any, prompt: SelectionPrompt) -> Selection:
    if not isinstance(found, dict) or found.keys() != {"passage", "first", "last"}:
        raise UnusableAnswer("A selection has another form.")
    name, first, last = found["passage"], found["first"], found["last"]
    passage = prompt.passages.get(name) if isinstance(name, str) else None
    if passage is None:
        raise UnusableAnswer("A selection names an unknown passage.")
    if type(first) is not int or type(last) is not int or not 0 <= first <= last < len(passage.sentences):
        raise UnusableAnswer("A selection names an unknown sentence.")
    return Selection(passage.passage_id, first, last)
