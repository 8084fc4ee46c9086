"""JSON of requests and answers equals botocore's, with bytes and times."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from tests.support.aws_calls import service_model
from vigil.aws import json_bodies
from vigil.aws.services import SERVICES

NAMES = st.text(max_size=4) | st.sampled_from(["B", "BS", "null", '"B"', "Time"])
LEAVES = st.one_of(
    st.fixed_dictionaries({"S": st.text(max_size=20) | st.sampled_from(['"B":"', "null", "B"])}),
    st.fixed_dictionaries({"N": st.sampled_from(["0", "-1.5", "9" * 38])}),
    st.fixed_dictionaries({"B": st.binary(max_size=40)}),
    st.fixed_dictionaries({"BS": st.lists(st.binary(max_size=9), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.just({"NULL": True}),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"L": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"M": st.dictionaries(NAMES, inner, max_size=3)}),
    ),
    max_leaves=8,
)


def botocore_body(service, operation, arguments):
    model = service_model(service).operation_model(operation)
    return create_serializer("json").serialize_to_request(arguments, model)["body"]


def botocore_answer(service, operation, body):
    shape = service_model(service).operation_model(operation).output_shape
    found = create_parser("json").parse({"status_code": 200, "headers": {}, "body": body}, shape)
    found.pop("ResponseMetadata")
    return found


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_items_are_written_and_read_as_by_botocore(item):
    service, arguments = SERVICES["dynamodb"], {"TableName": "t", "Item": item}
    body = json_bodies.encode(service, arguments)
    expected = json.loads(botocore_body("dynamodb", "PutItem", arguments))
    assert json.loads(body) == expected
    answer = json.dumps({"Item": expected["Item"]}).encode()
    assert json_bodies.decode(service, answer) == botocore_answer("dynamodb", "GetItem", answer) == {"Item": item}
    assert json_bodies.decode(service, answer.replace(b": ", b":")) == {"Item": item}


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 30, 8, 53, 9, 999_999, tzinfo=UTC),
        datetime(2026, 11, 30, 8, 53, 9, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(1969, 12, 31, 23, tzinfo=UTC),
    ],
)
def test_the_time_of_an_event_is_in_seconds_as_botocores(moment):
    arguments = {"Entries": [{"Time": moment, "Detail": "{}"}]}
    body = json_bodies.encode(SERVICES["events"], arguments)
    assert json.loads(body) == json.loads(botocore_body("events", "PutEvents", arguments))


def test_the_times_of_an_answer_are_botocores():
    body = b'{"Records":[{"dynamodb":{"ApproximateCreationDateTime":1796029044.5,"Keys":{"Timestamp":{"N":"1"}}}}]}'
    found = json_bodies.decode(SERVICES["dynamodbstreams"], body)
    assert found == botocore_answer("dynamodbstreams", "GetRecords", body)
    at = found["Records"][0]["dynamodb"]["ApproximateCreationDateTime"]
    assert at == datetime(2026, 11, 30, 8, 57, 24, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"Plaintext":"_-8="}', b'{"KeyId":null}', b'{"KeyId":"null"}'])
def test_odd_answers_are_botocores(body):
    if b"_" in body:
        body = body.replace(b"_-", b"+/")
    assert json_bodies.decode(SERVICES["kms"], body) == botocore_answer("kms", "Decrypt", body)


@pytest.mark.parametrize("body", [b"[]", b"{", b"<html>", b'"a"', b"\xff", b'{"Plaintext":"a"}'])
def test_a_body_that_is_no_answer_is_refused(body):
    with pytest.raises(ValueError, match=r"."):
        json_bodies.decode(SERVICES["kms"], body)


def test_bytes_of_all_values_are_standard_base64():
    body = json_bodies.encode(SERVICES["kms"], {"CiphertextBlob": bytes(range(256))})
    assert b"+" in body
    assert b"/" in body
    assert b"-" not in body
