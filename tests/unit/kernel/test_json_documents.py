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


TEXTS = st.text('a:"\\{}\t\u00e9', max_size=4)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=20,
)


def doubled(value, draw):
    """Return JSON text of a value, with the first member of one of its objects written twice if `draw` chooses so."""
    if isinstance(value, dict):
        members = [f"{json.dumps(name)} {draw()}: {doubled(item, draw)}" for name, item in value.items()]
        return "{" + ",".join(members + members[:1] * draw.twice()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(doubled(item, draw) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


class Draw:
    """Chooses white space before colons and the objects with a doubled member, and counts the latter."""

    def __init__(self, random):
        self.random, self.count = random, 0

    def __call__(self):
        return self.random.choice(["", " ", "\n\t"])

    def twice(self):
        chosen = self.random.random() < 0.2
        self.count += chosen
        return chosen


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_member_named_twice_is_found_in_any_spelling(value, random):
    draw = Draw(random)
    document = doubled(value, draw)
    repeated = any(map(_is_repeated, _objects(document)))
    if repeated:
        with pytest.raises(MalformedRequest, match="occurs twice in one object"):
            loads(document)
    else:
        assert loads(document) == value


def _objects(document):
    found = []
    json.loads(document, object_pairs_hook=lambda pairs: found.append([name for name, _ in pairs]))
    return found


def _is_repeated(names):
    return len(set(names)) < len(names)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-be"])
@pytest.mark.parametrize("name", ["a", "at:", 'q"', "\\"])
def test_doubled_member_is_named(name, encoding):
    key = json.dumps(name)
    document = f'{{"time": "12:00:00", "in": [{{{key}: 1, {key}: 1}}]}}'.encode(encoding)
    with pytest.raises(MalformedRequest) as caught:
        loads(document)
    assert caught.value.errors[0].field == name


def test_escaped_spelling_of_a_name_is_the_same_name():
    with pytest.raises(MalformedRequest, match="subject_id: occurs twice"):
        loads(b'{"subject_id": "a", "subject\\u005fid": "b"}')


def test_object_of_65_members_is_refused_unless_a_schema_bounds_it():
    def members(count):
        return {f"m{number}": number for number in range(count)}

    assert loads(json.dumps({"rows": [members(64), {"features": members(200)}]}))
    for document in (members(65), {"rows": [members(65)]}, {"features": {"a": members(65)}}):
        with pytest.raises(MalformedRequest, match="has too many members"):
            loads(json.dumps(document))
