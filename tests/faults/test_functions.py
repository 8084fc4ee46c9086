"""The functions of a stack in MiniStack and in memory move their aliases and switch their event sources alike."""

import io
import zipfile

import pytest

from tests.support.fakes.functions import FakeLambda
from vigil.errors import NotFound
from vigil.operations.remedies.functions_model import LiveAlias
from vigil.operations.remedies.functions_store import LambdaFunctions

NAME, QUEUE, AT = "alike-scoring-api", "alike-work", "2026-03-01T12:00:00+00:00"
QUEUE_ARN = f"arn:aws:sqs:us-east-1:000000000000:{QUEUE}"


def in_ministack(bed):
    """Return a client of MiniStack with three versions of a function, of which the second is live."""
    client, packed = bed.client("lambda"), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "def lambda_handler(event, context):\n    return event\n")
    role = bed.client("iam").create_role(RoleName="alike", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Handler="handler.lambda_handler",
        Role=role,
        Code={"ZipFile": packed.getvalue()},
    )
    for number in (1, 2, 3):
        client.update_function_configuration(FunctionName=NAME, Environment={"Variables": {"NUMBER": str(number)}})
        client.publish_version(FunctionName=NAME)
    client.create_alias(FunctionName=NAME, Name="live", FunctionVersion="2")
    bed.client("sqs").create_queue(QueueName=QUEUE)
    client.create_event_source_mapping(EventSourceArn=QUEUE_ARN, FunctionName=f"{NAME}:live")
    return client


def in_memory(_):
    """Return the same in memory."""
    client = FakeLambda()
    for number in (1, 2, 3):
        client.publish(NAME, AT, NUMBER=str(number))
    client.shift(NAME, 2, 2)
    client.update_alias(
        FunctionName=NAME,
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {}},
        RevisionId=client.get_alias(FunctionName=NAME, Name="live")["RevisionId"],
    )
    client.add_source(NAME, QUEUE)
    client.handlers[NAME] = lambda event: event
    return client


@pytest.fixture(params=[in_ministack, in_memory], scope="module")
def functions(request, bed):
    return LambdaFunctions(request.param(bed), "alike")


def test_an_alias_moves_only_from_the_seen_revision(functions):
    seen = functions.live("scoring_api")
    assert (seen.version, seen.canary) == (2, None)
    assert functions.move("scoring_api", seen, 1)
    assert functions.live("scoring_api").version == 1
    assert not functions.move("scoring_api", seen, 2)
    assert not functions.move("scoring_api", LiveAlias(1, "00000000-0000-0000-0000-000000000000"), 2)
    assert functions.live("scoring_api").version == 1


def test_versions_have_their_own_variables(functions):
    found = functions.versions("scoring_api")
    assert [(each.number, each.variables["NUMBER"]) for each in found] == [(1, "1"), (2, "2"), (3, "3")]


def test_an_event_source_is_disabled_and_enabled(functions):
    (source,) = functions.sources("scoring_api")
    assert (source.queue, source.is_enabled) == (QUEUE.removeprefix("alike-"), True)
    for wanted in (False, True):
        functions.switch(source.id, is_enabled=wanted)
        assert functions.sources("scoring_api")[0].is_enabled == wanted


def test_an_unknown_function_is_not_found(functions):
    for call in (functions.live, functions.versions):
        with pytest.raises(NotFound):
            call("none")
