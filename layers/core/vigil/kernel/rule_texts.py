"""Texts for the rules that a field can break. Errors show them instead of the texts of the validation library."""

from collections.abc import Mapping
from typing import Any

_SIZES = {
    "too_short": ("at least", "min_length", "item"),
    "too_long": ("at most", "max_length", "item"),
    "string_too_short": ("at least", "min_length", "character"),
    "string_too_long": ("at most", "max_length", "character"),
}
_SUBJECTS = ("Input should ", "String should ", "Keys should ")
"""Beginnings of the library's texts. A rule such as `be a valid integer` follows."""


def describe_size(kind: str, context: Mapping[str, Any]) -> str | None:
    """Return the allowed size of a list or a text, such as `at least 1 item`; None for an error of another kind."""
    if kind not in _SIZES:
        return None
    words, name, unit = _SIZES[kind]
    return f"{words} {context[name]} {unit}{'' if context[name] == 1 else 's'}"


def describe_rule(kind: str, text: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and bound of an error of the library: `must be a valid integer` and `a valid integer`."""
    if size := describe_size(kind, context):
        return f"must have {size}", size
    for subject in _SUBJECTS:
        if text.startswith(subject):
            rule = text.removeprefix(subject)
            return f"must {rule}", rule.removeprefix("be ")
    return text, text
