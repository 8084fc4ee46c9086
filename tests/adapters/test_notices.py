"""The contracts of notices, digests and statistics, for the fake and for DynamoDB."""

from dataclasses import replace

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.notices import FINGERPRINT, STARTED, FakeNotices, episode, notice
from tests.support.fakes.queues import FakeSqs
from tests.support.notice_audit import DynamoStatistics
from vigil.alerting.alerts.notice_items_model import notice_item
from vigil.alerting.alerts.statistics_model import statistics_part
from vigil.alerting.notices.digest_store import DynamoDigests
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.model import (
    DueItem,
    FollowUp,
    HourLimit,
    LimitedNotice,
    NoticeChange,
    NoticeRef,
    StoredNotice,
    digest_notices,
)
from vigil.alerting.notices.queue_store import SqsDeliveryQueue
from vigil.alerting.notices.store import DynamoNotices
from vigil.aws.tables import Table
from vigil.kernel.time import format_timestamp
from vigil.workers.queues import SqsQueue

HOUR = "2026-03-01T12"
REF = NoticeRef("acme", FINGERPRINT, 1, 1)
NOW = "2026-03-01T23:00:00.000000Z"


class Dynamo:
    """The DynamoDB stores together, as one fake has them, with the writes of other rooms."""

    def __init__(self, client):
        self.shards = DynamoNotices.shards
        self._table = Table(client, "alerts", "The alerts table")
        self._parts = (
            DynamoNotices(client, "alerts"),
            DynamoDigests(client, "alerts"),
            DynamoStatistics(client, "alerts"),
        )

    def __getattr__(self, name):
        return next(getattr(part, name) for part in self._parts if hasattr(part, name))

    def add(self, about, *notices):
        head = {"pk": {"S": f"{about.tenant_id}#{about.fingerprint}"}, "sk": {"S": "HEAD"}}
        numbers = {"version": about.version, "notices": max(each.sequence for each in notices)}
        due = {"due_pk": {"S": "alerts#2"}, "due_at": {"S": about.due_at}} if about.due_at else {}
        item = head | due | {name: {"N": str(number)} for name, number in numbers.items()}
        self._table.call("put_item", Item=item)
        for each in notices:
            counts = statistics_part(each.tenant_id, each.fingerprint, HOUR, each.severity, {"intents": 1})
            assert self._table.transact({"Put": {"Item": notice_item(each)}}, counts) is None


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeNotices()
    return Dynamo(request.getfixturevalue("aws")("dynamodb"))


def first():
    return StoredNotice(notice(), 1)


def claimed(stored=None):
    stored = stored or first()
    return replace(stored.notice, state="claimed", claim="a", attempts=1, due_at="2026-03-01T12:01:00.000000Z")


def ended(state="sent", **more):
    return replace(notice(), state=state, due_at=None, ended_at=STARTED, attempts=1, **more)


def test_notices_of_an_episode_are_read_in_order(store):
    named = [notice(sequence, channel=f"c{sequence}", fallbacks=("two",)) for sequence in (2, 11, 1)]
    store.add(episode(), *named, notice(3, number=11))
    assert [each.notice.sequence for each in store.notices(REF)] == [1, 2, 11]
    assert store.notices(REF)[0] == StoredNotice(named[2], 1)
    assert store.notices(replace(REF, tenant_id="globex")) == []


def test_change_is_written_only_over_its_revision(store):
    store.add(episode(), notice())
    assert store.commit(NoticeChange(first(), claimed())) == "written"
    assert store.commit(NoticeChange(first(), replace(claimed(), claim="b"))) == "lost"
    assert store.notices(REF) == [StoredNotice(claimed(), 2)]


def test_limit_of_an_hour_admits_its_maximum(store):
    limit = HourLimit(HOUR, "ERROR", 2)
    results = []
    for number in (1, 2, 3):
        stored = StoredNotice(notice(number=number), 1)
        store.add(episode(number=number), stored.notice)
        results.append(store.commit(NoticeChange(stored, claimed(stored), limit=limit)))
    assert results == ["written", "written", "limited"]
    assert store.notices(replace(REF, number=3))[0].notice.state == "pending"


def test_end_is_counted_once_in_the_hour_of_the_notice(store):
    store.add(episode(), notice())
    assert store.commit(NoticeChange(first(), ended())) == "written"
    assert store.commit(NoticeChange(StoredNotice(notice(), 1), ended())) in {"lost", "written"}
    counts = store.statistics("acme", HOUR)["ERROR"]
    assert {name: number for name, number in counts.items() if number} == {"intents": 1, "sent": 1}
    assert store.statistics("globex", HOUR) == {}


def test_fallback_is_created_with_the_episode_version(store):
    store.add(episode(version=4), notice())
    follower = notice(2, channel="two", is_fallback=True)
    change = NoticeChange(first(), ended("failed"), created=(follower,), episode_version=3)
    assert store.commit(change) == "moved"
    assert store.commit(replace(change, episode_version=4)) == "written"
    assert [each.notice for each in store.notices(REF)] == [ended("failed"), follower]
    counts = store.statistics("acme", HOUR)["ERROR"]
    assert (counts["intents"], counts["failed"]) == (2, 1)


def test_fallback_adds_one_to_the_version_and_the_notices(store):
    store.add(episode(version=1), notice())
    change = NoticeChange(first(), ended("failed"), created=(notice(2),), episode_version=1)
    assert store.commit(change) == "written"
    failed = replace(ended("failed"), sequence=2)
    again = NoticeChange(StoredNotice(notice(2), 1), failed, created=(notice(3),), episode_version=1)
    assert store.commit(again) == "moved"
    assert store.commit(replace(again, episode_version=2)) == "written"


def test_follow_up_stays_due_until_it_is_deleted(store):
    store.add(episode(), notice())
    follow_up = FollowUp("usage", ended(), "emails")
    store.commit(NoticeChange(first(), ended(), follow_ups=(follow_up,)))
    assert store.follow_ups(REF) == [follow_up]
    (due,) = due_items(store)
    assert due == DueItem("follow_up", "acme", FINGERPRINT, "U#1#000001#usage", STARTED)
    for _ in range(2):
        store.delete_follow_up(follow_up)
    assert store.follow_ups(REF) == due_items(store) == []


def due_items(store, now=NOW):
    return [item for shard in range(store.shards) for item in store.due(shard, now)]


def test_due_items_are_episodes_and_open_notices(store):
    store.add(episode(due_at="2026-03-01T11:00:00.000000Z"), notice(), notice(2, severity="CRITICAL"))
    store.commit(NoticeChange(first(), ended()))
    found = [(item.kind, item.key, item.is_critical) for item in due_items(store)]
    assert found == [("episode", "HEAD", False), ("notice", "N#1#000002", True)]
    assert [item.kind for item in due_items(store, "2026-03-01T11:30:00.000000Z")] == ["episode"]


def limit_notice(store, sequence, source="api", hour=HOUR):
    stored = StoredNotice(notice(sequence), 1)
    store.add(episode(), stored.notice)
    ended_notice = replace(stored.notice, state="limited", due_at=None, ended_at=STARTED)
    limited = LimitedNotice(hour, "one", "high_latency", source)
    return store.commit(NoticeChange(stored, ended_notice, limited=limited))


def test_limited_notices_are_counted_by_type_and_source(store):
    assert [limit_notice(store, sequence, source) for sequence, source in enumerate(["api", "a#b", "api"], 1)] == [
        "written"
    ] * 3
    assert store.counts("acme", HOUR) == {"one": {"high_latency api": 2, "high_latency a#b": 1}}
    assert store.counts("globex", HOUR) == {}


def test_digest_is_due_after_its_hour_until_it_is_finished(store):
    limit_notice(store, 1)
    assert due_items(store, "2026-03-01T13:00:04.000000Z") == []
    (due,) = due_items(store)
    assert (due.kind, due.tenant_id, due.key, due.due_at) == ("digest", "acme", HOUR, "2026-03-01T13:00:05.000000Z")
    store.finish("acme", HOUR)
    assert due_items(store) == []


def test_closed_hour_accepts_no_further_notice(store):
    assert not store.close("acme", HOUR)
    limit_notice(store, 1)
    assert store.close("acme", HOUR)
    assert store.close("acme", HOUR)
    assert limit_notice(store, 2) == "closed"
    assert store.counts("acme", HOUR) == {"one": {"high_latency api": 1}}


def test_digests_are_created_once(store):
    digests = digest_notices("acme", HOUR, [f"c{number}" for number in range(60)], Clock()())
    for _ in range(2):
        store.create(digests)
    found = [each.notice for each in store.notices(NoticeRef.of(digests[0]))]
    assert found == list(digests)
    assert store.statistics("acme", HOUR)["DIGEST"]["intents"] == 60


def test_notices_of_an_hour_are_listed_for_their_tenant(store):
    later = notice(2, created_at="2026-03-01T13:00:00.000000Z")
    store.add(episode(), notice(), later)
    assert list(store.notices_of_hour("acme", HOUR)) == [notice()]
    assert list(store.notices_of_hour("acme", "2026-03-01T13")) == [later]
    assert list(store.notices_of_hour("globex", HOUR)) == []


def test_limits_of_a_tenant_are_stored(store):
    assert store.limits("acme") == NoticeLimits(error=60, warning=20, info=6, version=0)
    for limits in (NoticeLimits(9, 0, 3, version=1), NoticeLimits(8, 7, 1_000, version=2)):
        assert store.set_limits("acme", limits)
        assert store.limits("acme") == limits
    assert store.limits("globex") == NoticeLimits()


def test_limits_over_another_version_are_not_stored(store):
    assert not store.set_limits("acme", NoticeLimits(version=2))
    assert store.set_limits("acme", NoticeLimits(version=1))
    for version in (1, 3):
        assert not store.set_limits("acme", NoticeLimits(error=1, version=version))
    assert store.limits("acme") == NoticeLimits(version=1)


def test_messages_name_the_notice_or_the_due_item():
    sqs = FakeSqs()
    queue = SqsDeliveryQueue(SqsQueue(sqs, "https://sqs/deliveries"))
    queue.send([])
    queue.send([notice(7)], delay_seconds=5)
    at = format_timestamp(Clock()())
    queue.send_due(
        [
            DueItem("episode", "acme", FINGERPRINT, "HEAD", at),
            DueItem("notice", "acme", FINGERPRINT, "N#1#000007", at),
            DueItem("follow_up", "acme", FINGERPRINT, "U#1#000007#usage", at),
            DueItem("digest", "acme", "", HOUR, at),
        ]
    )
    sent = sqs.queues["https://sqs/deliveries"]
    kinds = [each["MessageAttributes"]["kind"]["StringValue"] for each in sent]
    assert kinds == ["notice.deliver", "alert.tick", "notice.deliver", "notice.follow_up", "digest.close"]
    assert sent[0]["DelaySeconds"] == 5
    about = f'{{"fingerprint":"{FINGERPRINT}","number":1,"sequence":7}}'
    assert [each["MessageBody"] for each in sent] == [
        about,
        f'{{"fingerprint":"{FINGERPRINT}"}}',
        about,
        about,
        f'{{"hour":"{HOUR}"}}',
    ]
