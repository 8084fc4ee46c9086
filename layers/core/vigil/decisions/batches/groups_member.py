"""Cuts the member `groups` from the text of a JSON object, so that the fast reader reads the rest."""

import re
from typing import NamedTuple

_read_value = re.compile(rb"[ \t]*:[ \t]*(\{[^{}]*\}|null)[ \t]*").match
_is_end = re.compile(rb"\}[ \t]*\Z").match
_is_next_member = re.compile(rb',[ \t]*"[a-z]').match


class CutRow(NamedTuple):
    """The text of an object without its member `groups`, and the text of this member's value: an object or `null`."""

    rest: bytes
    groups: bytes


def cut_groups(row: bytes) -> CutRow | None:
    """Return the parts of an object; None if it has no member `groups`, or if its place is in doubt.

    The row is the valid object of `rest` and `groups` if both are valid. A valid `rest` is an object of scalars and at
    most one object of scalars.

    The cut is outside of strings: a string around it would not end, or would end before a letter. The cut is in the
    outer object: it is the last member there, or at most one object has begun and ended.
    """
    before, found, after = row.partition(b'"groups"')
    value = _read_value(after)
    if not found or value is None:
        return None
    before, after = before.rstrip(b" \t"), after[value.end() :]
    if before == b"{" and after[:1] == b",":
        return CutRow(b"{" + after[1:], value[1])
    if before[-1:] != b",":
        return None
    first = before[:-1].rstrip(b" \t")
    if _is_end(after) or (_is_in_outer_object(first) and _is_next_member(after)):
        return CutRow(first + after, value[1])
    return None


def _is_in_outer_object(first: bytes) -> bool:
    """True if only the outer object is open behind these bytes, which end outside of strings."""
    opened = first.count(b"{")
    return opened == 1 or (opened == 2 and first[-1:] == b"}")
