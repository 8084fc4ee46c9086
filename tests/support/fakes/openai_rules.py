"""Rules by which OpenAI refuses requests, frozen from the types of its SDK 3.57 and its guide to structured outputs."""

from collections.abc import Mapping
from typing import Any

_RESPONSE_FIELDS = (
    "access_programs background background_options context_management conversation image include input instructions "
    "max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt "
    "prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store "
    "stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user"
)
RESPONSE_FIELDS = frozenset(_RESPONSE_FIELDS.split())
EMBEDDING_FIELDS = frozenset({"input", "model", "dimensions", "encoding_format", "user"})
MAX_INPUTS, MAX_INPUT_TOKENS, MAX_REQUEST_TOKENS = 2_048, 8_192, 300_000
_MAX_LEVELS = 10
_SCHEMA_WORDS = (
    "type properties required additionalProperties items enum const description anyOf minItems maxItems minimum "
    "maximum multipleOf pattern format"
)
_FORMAT_FIELDS = frozenset({"type", "name", "schema", "strict", "description"})


def tokens(text: str) -> int:
    """Return the tokens of a text as the fake bills them: one for each four bytes."""
    return -(-len(text.encode()) // 4)


def embedding_fault(body: Mapping[str, Any]) -> str:
    """Return the fault of a request for embeddings, or an empty text."""
    texts, dimension = body.get("input"), body.get("dimensions", 1536)
    if unknown := body.keys() - EMBEDDING_FIELDS:
        return f"Unknown parameter: {min(unknown)}."
    if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_INPUTS:
        return "input must be 1 to 2048 texts."
    if not all(isinstance(text, str) and text for text in texts):
        return "input cannot be an empty string."
    counts = [tokens(text) for text in texts]
    if max(counts) > MAX_INPUT_TOKENS or sum(counts) > MAX_REQUEST_TOKENS:
        return "Too many tokens."
    if type(dimension) is not int or not 1 <= dimension <= 1536:
        return "dimensions must be from 1 to 1536."
    return "" if body.get("encoding_format", "float") in {"float", "base64"} else "Unknown encoding_format."


def response_fault(body: Mapping[str, Any]) -> str:
    """Return the fault of a request for a response, or an empty text."""
    if unknown := body.keys() - RESPONSE_FIELDS:
        return f"Unknown parameter: {min(unknown)}."
    limit = body.get("max_output_tokens", 16)
    if type(limit) is not int or limit < 16:
        return "max_output_tokens must be at least 16."
    if not isinstance(body.get("input"), str) or not body["input"]:
        return "This fake takes input as one text."
    for name, most in (("prompt_cache_key", 64), ("safety_identifier", 128)):
        if not isinstance(body.get(name, ""), str) or len(body.get(name, "")) > most:
            return f"{name} is too long."
    return _format_fault(body.get("text", {}))


def _format_fault(text: Any) -> str:
    found = text.get("format") if isinstance(text, dict) else None
    if not isinstance(found, dict) or text.keys() - {"format", "verbosity"} or found.keys() - _FORMAT_FIELDS:
        return "Unknown parameter in text."
    if found.get("type") != "json_schema" or not isinstance(found.get("name"), str) or found.get("strict") is not True:
        return "This fake takes a strict JSON schema with a name only."
    schema = found.get("schema")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return "The schema must be an object."
    return strict_fault(schema)


def strict_fault(schema: Any, levels: int = 0) -> str:
    """Return the fault for which a schema is outside of the strict subset, or an empty text."""
    if not isinstance(schema, dict) or levels > _MAX_LEVELS:
        return "A schema must be an object of at most ten levels."
    if unknown := schema.keys() - set(_SCHEMA_WORDS.split()):
        return f"{min(unknown)} is not permitted."
    properties = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "additionalProperties is required to be false."
        if sorted(schema.get("required", [])) != sorted(properties):
            return "required must name every key of properties."
    elif schema.get("type") == "array" and "items" not in schema:
        return "An array schema needs items."
    below = [*properties.values(), *([schema["items"]] if "items" in schema else []), *schema.get("anyOf", [])]
    return next(filter(None, (strict_fault(each, levels + 1) for each in below)), "")
