"""Bodies and messages of too many levels are refused in the same way on every Python."""

from types import SimpleNamespace

import pytest

from tests.support.batch_rows import no_fast_reader, parse_rows
from tests.support.fakes.scoring import CONTRACT
from vigil.access.tokens import oauth_forms as forms
from vigil.access.tokens.oauth_model import GrantRefused
from vigil.bootstrap import routers
from vigil.decisions.batches.parsing import build_reader
from vigil.decisions.batches.stream import ArrivalReader
from vigil.decisions.batches.subject_rows import POSSIBLE_ROW, SubjectRows
from vigil.errors import MalformedRequest, UnreadableMessage
from vigil.kernel.json_documents import MAX_LEVELS
from vigil.money.usage.events.stream import UsageEventWorker
from vigil.operations.dead_letters import store as dead_letters
from vigil.web.bodies import BoundedRoute
from vigil.workers.queues import Message, ReceivedMessage

LEVELS = [MAX_LEVELS + 1, 1500, 30_000]


def nested(levels):
    return "[" * levels + "]" * levels


def test_every_route_that_declares_a_body_bounds_it():
    with_body = [route for router in routers.ROUTERS for route in router.routes if route.body_field is not None]
    assert len(with_body) > 10
    assert [route.path for route in with_body if not isinstance(route, BoundedRoute)] == []


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("read", [ArrivalReader(None).read, dead_letters.parse_stream_failure], ids=["file", "stream"])
def test_deep_message_is_unreadable(read, levels):
    with pytest.raises(UnreadableMessage):
        read(ReceivedMessage("id", nested(levels), {}, {}))


@pytest.mark.parametrize("levels", LEVELS)
def test_deep_usage_events_are_refused_with_the_bound(levels):
    message = Message("id", "usage.events", "acme", "c-1", nested(levels))
    with pytest.raises(MalformedRequest, match="nested too deeply"):
        UsageEventWorker(SimpleNamespace(record=None)).process(message, None)


@pytest.mark.parametrize("levels", LEVELS)
def test_deep_grant_request_is_refused(levels):
    with pytest.raises(GrantRefused):
        forms.parse_fields("application/json", nested(levels).encode())


@pytest.mark.parametrize("levels", LEVELS)
def test_deep_row_of_batch_is_refused_with_the_bound(levels):
    rows = build_reader("ndjson", (), CONTRACT, no_fast_reader)
    ((_, error),) = parse_rows(rows, b'{"age":' + nested(levels - 1).encode() + b"}")
    assert str(error) == "row: is nested too deeply"


@pytest.mark.parametrize("levels", LEVELS)
def test_deep_row_that_names_subject_is_found_and_not_shown(levels):
    line = f'{{"subject_id":"p-1","age":{nested(levels - 1)}}}'
    assert SubjectRows("ndjson", (), "p-1".__eq__).match(line.encode()) is POSSIBLE_ROW
