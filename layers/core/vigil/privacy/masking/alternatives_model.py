"""Patterns of many words that read a text quickly."""

from collections.abc import Iterable
from itertools import groupby


def any_of(spellings: Iterable[str]) -> str:
    """Return a pattern of any of the spellings, the longest first, which are patterns themselves.

    The spellings are grouped by their first letter, so that a letter without a word costs one step for each group.
    """
    longest = sorted(sorted(spellings, key=len, reverse=True), key=lambda each: each[0])
    groups = groupby(longest, lambda each: each[0])
    return "|".join(f"{letter}(?:{'|'.join(each[1:] for each in group)})" for letter, group in groups)
