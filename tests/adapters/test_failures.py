"""One contract for the fake and the DynamoDB store of failures."""

from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from tests.support.fakes.failures import FakeBus, FakeFailures
from tests.support.log_lines import BEGIN, KILLED, TIMED_OUT, batch
from vigil.operations.failures.groups_model import FailureGroup
from vigil.operations.failures.intake import FailureIntake
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.service import Failures
from vigil.operations.failures.store import DynamoFailures


@pytest.fixture(params=["fake", "dynamodb"])
def table(request):
    if request.param == "fake":
        return FakeFailures()
    return DynamoFailures(request.getfixturevalue("aws")("dynamodb"), "failures", lambda: BEGIN)


def expire_parts(table):
    """Delete the parts of all counts, as their time to live does."""
    if isinstance(table, FakeFailures):
        table.tallies.clear()
        return
    client = boto3.client("dynamodb")
    for item in client.scan(TableName="failures")["Items"]:
        if item["sk"]["S"].startswith("COUNT#"):
            client.delete_item(TableName="failures", Key={name: item[name] for name in ("pk", "sk")})


def sighting(line=TIMED_OUT, **named):
    (found,) = read_batch(batch(line, **named))
    return found


def create(table, line=TIMED_OUT, **named):
    """Store a new group and return it."""
    group = FailureGroup.begin(sighting(line, **named))
    assert table.create(group)
    return group


def test_an_unknown_group_is_none(table):
    assert table.find("0" * 24) is None


def test_a_group_is_read_as_it_was_stored(table):
    group = create(table)
    assert table.find(group.failure_id).group == group
    assert not table.create(group)


def test_a_group_is_replaced_over_its_version_only(table):
    group = create(table)
    resolved = table.replace(group.resolve("operator:k", BEGIN))
    assert resolved.version == group.version + 1
    assert table.find(group.failure_id).group == resolved
    assert table.replace(group.ignore("operator:k", BEGIN)) is None
    assert table.replace(replace(group, version=9)) is None


def test_a_batch_counts_once_and_only_over_the_count_it_has_read(table):
    group = create(table)
    empty = table.find(group.failure_id).part(3)
    first = empty.add(sighting())
    assert table.count("b1", empty, first) == "counted"
    assert table.count("b2", empty, empty.add(sighting())) == "lost"
    assert table.count("b1", first, first.add(sighting())) == "repeated"
    second = first.add(sighting(after=timedelta(minutes=1)))
    assert table.count("b2", first, second) == "counted"
    stored = table.find(group.failure_id)
    assert (stored.count, stored.tallies) == (2, (second,))


def test_counts_of_an_earlier_generation_are_left_out(table):
    group = create(table)
    empty = table.find(group.failure_id).part(0)
    assert table.count("b1", empty, empty.add(sighting())) == "counted"
    table.replace(replace(group, generation=2))
    assert table.find(group.failure_id).tallies == ()


def test_the_parts_of_a_count_are_read_together(table):
    group = create(table)
    for part in range(4):
        empty = table.find(group.failure_id).part(part)
        assert table.count(f"b{part}", empty, empty.add(sighting(first=part))) == "counted"
    assert table.find(group.failure_id).count == 4


def test_a_part_that_has_expired_stays_in_the_count(table):
    intake, service = FailureIntake(table, FakeBus()), Failures(table, lambda: BEGIN)
    for number in range(4):
        intake.process(batch(*[TIMED_OUT] * 3, name=f"s{number}", first=3 * number))
    failure_id = sighting().signature.fingerprint
    service.ignore(failure_id, "operator:k")
    expire_parts(table)
    assert service.get(failure_id).count == 12
    intake.process(batch(TIMED_OUT, name="s0", first=90, after=timedelta(days=80)))
    stored = service.get(failure_id)
    assert (stored.count, stored.group.count, len(stored.tallies)) == (13, 13, 1)


def test_a_list_has_the_groups_of_a_state_latest_first_in_pages(table):
    names = ["a", "b", "c"]
    made = [create(table, function=name, after=timedelta(minutes=n)) for n, name in enumerate(names)]
    ignored = create(table, KILLED)
    table.replace(ignored.ignore("operator:k", BEGIN))
    first = table.page("open", None, 2)
    assert [group.failure_id for group in first.groups] == [made[2].failure_id, made[1].failure_id]
    second = table.page("open", first.next, 2)
    assert [group.failure_id for group in second.groups] == [made[0].failure_id]
    assert [group.failure_id for group in table.page("ignored", None, 9).groups] == [ignored.failure_id]
    assert table.page("resolved", None, 9).groups == ()


def test_groups_counts_and_marks_expire(aws):
    dynamodb = aws("dynamodb")
    table = DynamoFailures(dynamodb, "failures", lambda: BEGIN)
    empty = table.find(create(table).failure_id).part(0)
    table.count("b1", empty, empty.add(sighting()))
    items = dynamodb.scan(TableName="failures")["Items"]
    days = {(int(item["expires_at"]["N"]) - int(BEGIN.timestamp())) // 86_400 for item in items}
    assert (len(items), days) == (3, {3, 90})
