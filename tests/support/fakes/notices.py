"""The alerts table in memory: notices, episodes, limits, digests and statistics."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from vigil.alerting.alerts.model import Episode, Notice, Severity
from vigil.alerting.alerts.statistics_model import COUNTERS, bucket_of, hour_of, shard_of, unbalanced
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.model import (
    CommitResult,
    DueItem,
    FollowUp,
    NoticeChange,
    NoticeRef,
    StoredNotice,
    is_final,
)
from vigil.kernel.time import format_timestamp

FINGERPRINT = "0a" * 12
STARTED = "2026-03-01T12:00:00.000000Z"


def episode(fingerprint: str = FINGERPRINT, number: int = 1, **more: Any) -> Episode:
    """Return a firing episode."""
    values: dict[str, Any] = {
        "tenant_id": "acme",
        "type": "high_error_rate",
        "source": "api",
        "labels": (),
        "severity": "ERROR",
        "title": "Errors",
        "facts": (),
        "link": "",
        "correlation_id": "",
        "state": "firing",
        "started_at": STARTED,
        "last_event_at": STARTED,
        "version": 1,
    }
    return Episode(fingerprint=fingerprint, number=number, **values | more)


def notice(sequence: int = 1, action: str = "trigger", channel: str = "one", **more: Any) -> Notice:
    """Return a pending notice that is due."""
    values: dict[str, Any] = {"tenant_id": "acme", "fingerprint": FINGERPRINT, "number": 1, "severity": "ERROR"}
    values |= {"created_at": STARTED, "due_at": more.get("created_at", STARTED)}
    return Notice(sequence=sequence, action=action, channel=channel, **values | more)  # type: ignore[arg-type]  # tests name actions


class Crash(BaseException):
    """A process died."""


def no_crash(_name: str) -> None:
    """Let a call pass."""


@dataclass
class FakeNotices:
    """Notices, episodes, limits, digests and statistics. `reach` runs before and after each call, and may raise."""

    stored: dict[tuple[str, str, int, int], StoredNotice] = field(default_factory=dict)
    sequences: dict[tuple[str, str, int], set[int]] = field(default_factory=dict)
    episodes: dict[tuple[str, str], Episode] = field(default_factory=dict)
    left: dict[tuple[str, str, str], FollowUp] = field(default_factory=dict)
    taken: Counter[tuple[str, str, Severity]] = field(default_factory=Counter)
    rules: dict[str, NoticeLimits] = field(default_factory=dict)
    limited: dict[tuple[str, str], Counter[tuple[str, str]]] = field(default_factory=dict)
    closed: set[tuple[str, str]] = field(default_factory=set)
    finished: set[tuple[str, str]] = field(default_factory=set)
    counted: dict[tuple[str, str, str], Counter[str]] = field(default_factory=dict)
    reach: Callable[[str], None] = no_crash
    shards: int = 8

    def add(self, about: Episode | None, *notices: Notice) -> None:
        """Store an episode and its new notices, as its own transaction does."""
        if about:
            last = max((each.sequence for each in notices), default=about.notices)
            self.episodes[about.tenant_id, about.fingerprint] = replace(about, notices=last)
        for each in notices:
            self._put_new(each)
            if is_final(each):
                self._count(each, each.state)

    def notices(self, ref: NoticeRef) -> Sequence[StoredNotice]:
        self.reach("notices")
        number = (ref.tenant_id, ref.fingerprint, ref.number)
        return [self.stored[*number, sequence] for sequence in sorted(self.sequences.get(number, ()))]

    def load_number(self, tenant_id: str, fingerprint: str, number: int) -> Episode | None:
        self.reach("episode")
        current = self.episodes.get((tenant_id, fingerprint))
        if current is None or current.number == number:
            return current
        return replace(current, number=number, state="resolved")

    def commit(self, change: NoticeChange) -> CommitResult:
        self.reach("commit")
        if (refused := self._refusal(change)) != "written":
            return refused
        after = change.after
        self.stored[_key(after)] = StoredNotice(after, change.before.revision + 1)
        if change.limit:
            self.taken[after.tenant_id, change.limit.hour, change.limit.severity] += 1
        if limited := change.limited:
            numbers = self.limited.setdefault((after.tenant_id, limited.hour), Counter())
            numbers[limited.channel, f"{limited.type} {limited.source}"] += 1
        if is_final(after) and not is_final(change.before.notice):
            self._count(after, after.state)
        for each in change.created:
            self._put_new(each)
        for follow_up in change.follow_ups:
            self.left[after.tenant_id, after.notice_id, follow_up.kind] = follow_up
        if change.episode_version is not None:
            there = self.episodes[after.tenant_id, after.fingerprint]
            notices = there.notices + len(change.created)
            moved = replace(there, version=there.version + 1, notices=notices)
            self.episodes[after.tenant_id, after.fingerprint] = moved
        self.reach("committed")
        return "written"

    def limits(self, tenant_id: str) -> NoticeLimits:
        self.reach("limits")
        return self.rules.get(tenant_id, NoticeLimits())

    def set_limits(self, tenant_id: str, limits: NoticeLimits) -> bool:
        if limits.version != self.rules.get(tenant_id, NoticeLimits()).version + 1:
            return False
        self.rules[tenant_id] = limits
        return True

    def follow_ups(self, ref: NoticeRef) -> Sequence[FollowUp]:
        self.reach("follow_ups")
        return [each for each in self.left.values() if NoticeRef.of(each.notice) == ref]

    def delete_follow_up(self, follow_up: FollowUp) -> None:
        self.reach("delete_follow_up")
        self.left.pop((follow_up.notice.tenant_id, follow_up.notice.notice_id, follow_up.kind), None)

    def due(self, shard: int, now: str) -> Iterator[DueItem]:
        self.reach("due")
        return iter(sorted((i for i in self._all_due(shard) if i.due_at <= now), key=lambda i: i.due_at))

    def close(self, tenant_id: str, hour: str) -> bool:
        self.reach("close")
        if (tenant_id, hour) not in self.limited:
            return False
        self.closed.add((tenant_id, hour))
        return True

    def counts(self, tenant_id: str, hour: str) -> Mapping[str, Mapping[str, int]]:
        self.reach("counts")
        counts: dict[str, dict[str, int]] = {}
        for (channel, about), number in self.limited.get((tenant_id, hour), Counter()).items():
            counts.setdefault(channel, {})[about] = number
        return counts

    def create(self, notices: Sequence[Notice]) -> None:
        self.reach("create")
        if not any(_key(each) in self.stored for each in notices):
            for each in notices:
                self._put_new(each)
        self.reach("created")

    def finish(self, tenant_id: str, hour: str) -> None:
        self.reach("finish")
        self.finished.add((tenant_id, hour))

    def statistics(self, tenant_id: str, hour: str) -> Mapping[Any, Mapping[Any, int]]:
        return {
            bucket: {name: counts[name] for name in COUNTERS}
            for (tenant, at, bucket), counts in self.counted.items()
            if (tenant, at) == (tenant_id, hour)
        }

    def notices_of_hour(self, tenant_id: str, hour: str) -> Iterator[Notice]:
        found = (each.notice for each in self.stored.values())
        return (each for each in found if each.tenant_id == tenant_id and hour_of(each.created_at) == hour)

    def imbalance(self) -> dict[Any, dict[str, int]]:
        """Return the broken identities by tenant, hour and group."""
        return {key: broken for key, counts in self.counted.items() if (broken := unbalanced(_all_counts(counts)))}

    def states(self) -> Counter[str]:
        """Return the number of notices by state."""
        return Counter(each.notice.state for each in self.stored.values())

    def _put_new(self, each: Notice) -> None:
        self.stored[_key(each)] = StoredNotice(each, 1)
        self.sequences.setdefault(_key(each)[:3], set()).add(each.sequence)
        self._count(each, "intents")

    def _count(self, each: Notice, name: str) -> None:
        self.counted.setdefault((each.tenant_id, hour_of(each.created_at), bucket_of(each)), Counter())[name] += 1

    def _refusal(self, change: NoticeChange) -> CommitResult:
        after, limit, limited = change.after, change.limit, change.limited
        if self.stored[_key(after)].revision != change.before.revision:
            return "lost"
        if limit and self.taken[after.tenant_id, limit.hour, limit.severity] >= limit.maximum:
            return "limited"
        if limited and (after.tenant_id, limited.hour) in self.closed:
            return "closed"
        there = self.episodes.get((after.tenant_id, after.fingerprint))
        is_moved = change.episode_version is not None and (there is None or there.version != change.episode_version)
        return "moved" if is_moved or any(_key(each) in self.stored for each in change.created) else "written"

    def _all_due(self, shard: int) -> Iterator[DueItem]:
        for (tenant_id, fingerprint), head in self.episodes.items():
            if head.due_at and shard_of(fingerprint) == shard:
                yield DueItem("episode", tenant_id, fingerprint, "HEAD", head.due_at)
        for each in (stored.notice for stored in self.stored.values()):
            if each.due_at and shard_of(each.fingerprint) == shard:
                key = f"N#{each.number}#{each.sequence:06}"
                is_critical = each.severity == "CRITICAL"
                yield DueItem("notice", each.tenant_id, each.fingerprint, key, each.due_at, is_critical)
        for left in self.left.values():
            about = left.notice
            if shard_of(about.fingerprint) == shard:
                key = f"U#{about.number}#{about.sequence:06}#{left.kind}"
                yield DueItem("follow_up", about.tenant_id, about.fingerprint, key, about.ended_at or STARTED)
        for tenant_id, hour in self.limited.keys() - self.finished:
            if sum(tenant_id.encode()) % 8 == shard:
                due = datetime.fromisoformat(f"{hour}:00+00:00") + timedelta(hours=1, seconds=5)
                yield DueItem("digest", tenant_id, "", hour, format_timestamp(due))


def _key(each: Notice) -> tuple[str, str, int, int]:
    return each.tenant_id, each.fingerprint, each.number, each.sequence


def _all_counts(counts: Mapping[str, int]) -> dict[Any, int]:
    return {name: counts.get(name, 0) for name in COUNTERS}
