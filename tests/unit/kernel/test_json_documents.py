"""Documents of more levels than the bound are found, in any encoding, on every Python."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import MAX_LEVELS, is_too_deep, is_value_too_deep, loads

VALUES = st.recursive(
    st.none() | st.text('a"\\[{]}\u00e9'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"\\[{', max_size=3), inner, max_size=2),
    max_leaves=60,
)


def nested(levels, innermost=1):
    value = innermost
    for level in range(levels):
        value = [value] if level % 2 else {'a"[': value}
    return value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("innermost", ['"[[[["\\', []], ids=["text", "empty"])
def test_document_above_bound_is_too_deep(encoding, innermost):
    levels = MAX_LEVELS - (innermost == [])
    within, above = (json.dumps(nested(levels + more, innermost), ensure_ascii=False) for more in (0, 1))
    assert not is_too_deep(within.encode(encoding))
    assert is_too_deep(above.encode(encoding))


@given(VALUES, st.integers(0, MAX_LEVELS + 2))
@example([], MAX_LEVELS - 1)
@example([], MAX_LEVELS)
@example(None, MAX_LEVELS)
@example(None, MAX_LEVELS + 1)
def test_document_and_its_value_are_judged_alike(value, levels):
    value = nested(levels, value)
    assert is_too_deep(json.dumps(value).encode()) == is_value_too_deep(value)


def test_brackets_in_sequence_are_not_levels():
    assert not is_too_deep(b"[" + b"[]," * 1000 + b"[]]")


@pytest.mark.parametrize("document", ["[" * 100_000, '{"a":' * 50, "[" * 1500 + "]" * 1500])
def test_loads_refuses_deep_document_and_names_the_bound(document):
    with pytest.raises(MalformedRequest) as caught:
        loads(document)
    (error,) = caught.value.errors
    assert (error.message, error.bound) == ("is nested too deeply", "at most 32 levels of arrays and objects")


def test_unterminated_text_is_scanned_once():
    assert not is_too_deep(b'["' + b'\\"' * 500_000 + b"[" * 1000)


def test_loads_returns_value_or_raises_value_error():
    assert loads('{"a": [1]}') == {"a": [1]}
    with pytest.raises(ValueError, match="Expecting"):
        loads(b"[1")
