"""Compressed features and answers: the same bytes come back, and rows that are stored today are read for ever."""

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from vigil.decisions.scoring.packed_documents_model import pack_documents, read_documents, unpack_documents

STORED = "eH1wSHUuq1ZKTAdqN4FkyBIwB5wbuYg2Q4ccH+LOQSADifFjYoqRWWKakZGJiXEqZixjj8haAC23Trc="
"""A value that was packed when the format was introduced, of `INPUTS`, `BODY` and `SUMMARY`."""
INPUTS = '{"age":40.5,"stage":null}'
BODY = (
    '{"decision_id":"dec-1","probability":0.75,"engines":[{"name":"lgbm","kind":"lightgbm","vote":"positive",'
    '"probability":0.75,"veto":null,"evidence":[],"version":"ad26af22443e"}],"explanation":null,"base_value":null}'
)
SUMMARY = '{"decision_id":"dec-1","probability":0.75}'
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
).map(lambda document: to_json(document).decode())


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_unpacked_documents_have_the_packed_bytes(inputs, body, summary):
    assert unpack_documents(pack_documents(inputs, body, summary), summary) == (inputs, body)


def test_a_value_of_the_first_release_is_read():
    assert unpack_documents(base64.b64decode(STORED), SUMMARY) == (INPUTS, BODY)


def test_an_answer_that_repeats_its_summary_takes_little_space():
    summary = json.dumps({f"name-{number}": number / 7 for number in range(40)})
    body = summary[:-1] + ', "engines": []}'
    assert len(pack_documents("{}", body, summary)) < len(body) // 10


def test_a_row_of_an_earlier_format_is_not_unpacked():
    assert read_documents({"inputs": {"S": INPUTS}, "body": {"S": BODY}}) == (INPUTS, BODY)


@pytest.mark.parametrize("change", [lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[:9] + b"xx" + b[11:]])
def test_a_damaged_value_is_an_error(change):
    with pytest.raises(zlib.error):
        unpack_documents(change(pack_documents(INPUTS, BODY, SUMMARY)), SUMMARY)


def test_a_value_is_not_read_with_another_summary():
    with pytest.raises(zlib.error):
        unpack_documents(pack_documents(INPUTS, BODY, SUMMARY), SUMMARY.replace("0.75", "0.25"))


def test_every_part_of_packed_documents_is_refused():
    packed = pack_documents('{"age":40}', '{"band":"high"}', "{}")
    for end in range(len(packed)):
        with pytest.raises(zlib.error):
            unpack_documents(packed[:end], "{}")
    for more in (b"x", packed):
        with pytest.raises(zlib.error):
            unpack_documents(packed + more, "{}")


def test_documents_beyond_the_largest_row_are_refused():
    packed = pack_documents(" " * (17 << 20), "", "{}")
    with pytest.raises(zlib.error):
        unpack_documents(packed, "{}")
