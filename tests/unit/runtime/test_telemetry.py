"""A log line names an error, its place and its cause, for every kind of AWS error."""

import inspect

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.runtime.telemetry import describe_error

NETWORK = [
    error
    for _, error in inspect.getmembers(botocore.exceptions, inspect.isclass)
    if issubclass(error, botocore.exceptions.HTTPClientError | botocore.exceptions.ConnectionError)
]


def described(cause):
    try:
        raise Unavailable("The table did not answer.") from cause
    except Unavailable as error:
        return describe_error(error).partition(" from ")[2]


def test_a_refusal_has_its_code():
    refusal = ClientError({"Error": {"Code": "ThrottlingException", "Message": "secret"}}, "PutItem")
    assert described(refusal) == "ClientError ThrottlingException"


@pytest.mark.parametrize("kind", NETWORK, ids=lambda kind: kind.__name__)
def test_a_network_error_has_its_class(kind):
    cause = kind(endpoint_url="u", error="e", proxy_url="p", request=None)
    assert isinstance(cause, BotoCoreError)
    assert described(cause) == kind.__name__


def test_an_error_without_a_cause_has_its_place():
    with pytest.raises(Unavailable) as caught:
        raise Unavailable("secret")
    assert describe_error(caught.value).startswith("Unavailable at test_telemetry.py:")
