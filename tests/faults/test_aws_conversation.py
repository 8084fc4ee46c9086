"""On MiniStack, the small client and botocore's give the same answers and errors."""

from functools import cache

import boto3
import pytest

from cli.embedded import REGION
from tests.support.aws_conversation import converse, create_world
from tests.support.faultbed.bed import KEYS, running
from tests.support.production_clients import as_in_production

pytestmark = pytest.mark.faults


def said(endpoint, choose):
    session = boto3.session.Session(KEYS.access_key, KEYS.secret_key, region_name=REGION)
    clients = cache(lambda service: session.client(service, endpoint_url=endpoint))
    return converse(cache(lambda service: choose(clients(service))), create_world(clients))


def test_every_operation_has_the_same_answers_and_errors():
    conversations = []
    for choose in (lambda whole: as_in_production(whole, lambda: KEYS), lambda whole: whole):
        with running("conversation") as bed:
            conversations.append(said(bed.endpoint, choose))
    for ours, theirs in zip(*conversations, strict=True):
        assert ours == theirs
