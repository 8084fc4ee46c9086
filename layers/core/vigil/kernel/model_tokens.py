"""Tokens of language models, for which vendors send a bill."""

from typing import Any, TypeGuard

_BYTES_PER_TOKEN = 2
"""Bytes of text for one estimated token. Tokens of English and French texts have about four."""
_TOO_MANY = 10**9
"""Number of tokens that no request has."""


def estimate_tokens(size: int) -> int:
    """Return the tokens of a text of some UTF-8 bytes: rather too many, so that the bill of the vendor is covered."""
    return size // _BYTES_PER_TOKEN + 1


def is_token_count(value: Any) -> TypeGuard[int]:
    """Return True if a value of a vendor's answer can be the number of tokens of one request."""
    return type(value) is int and 0 <= value < _TOO_MANY
