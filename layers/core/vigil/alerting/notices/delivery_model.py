"""Decisions of delivery: the state of a notice after an attempt, or without one.

pending ──claim──> claimed ──accepted──> sent
   ^ │                │├──refused, given up──> failed (and a notice to the next fallback)
   │ │                └┴──postponed──┐
   │ ├──limit of the hour──> limited │
   │ └──episode resolved, overtaken──> superseded
   └─────────────────────────────────┘
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from vigil.alerting.alerts.model import CONTACT_CHANNEL, OPERATORS_CHANNEL, Notice, NoticeState
from vigil.alerting.alerts.statistics_model import hour_of
from vigil.alerting.channels.model import Outcome, Postponed, Refused, Sent
from vigil.alerting.notices.model import (
    DeliveryRules,
    FollowUp,
    HourLimit,
    LimitedNotice,
    NoticeChange,
    is_final,
)
from vigil.alerting.notices.order_model import NoticeSituation, ended_attempts
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp

_EARLY_FALLBACK_ATTEMPTS = 2
"""Ended attempts of a CRITICAL trigger after which its fallback starts while it is tried further.

The attempts of the triggers that it has overtaken count too.
"""


def wait_for_order(situation: NoticeSituation, now: datetime, rules: DeliveryRules) -> NoticeChange:
    """Return the change that postpones a notice by `rules.order_delay`, because an earlier one of its channel is first.

    A CRITICAL trigger of a firing episode also gets a notice to its next fallback, if it has one left. The condition is
    an attempt of the earlier notice that has ended without acceptance. An attempt that runs is no reason for a
    fallback.
    """
    waiting = replace(situation.notice, due_at=format_timestamp(now + rules.order_delay))
    change = NoticeChange(situation.stored, waiting)
    unfinished = [each.notice for each in situation.earlier if not is_final(each.notice)]
    is_blocked = any(ended_attempts(each, now) for each in unfinished)
    return _with_fallback(situation, change, now) if waiting.severity == "CRITICAL" and is_blocked else change


def end(situation: NoticeSituation, state: NoticeState, now: datetime, reason: str = "") -> NoticeChange:
    """Return the change that ends a notice in a final state without a further attempt. `reason` is for people."""
    return NoticeChange(situation.stored, _ended(situation.notice, state, now, reason))


def claim(
    situation: NoticeSituation, owner: str, now: datetime, rules: DeliveryRules, maximum: int | None
) -> NoticeChange:
    """Return the change with which a worker takes a notice for one attempt.

    `owner` is a new name of the claim. `maximum` is the limit of notices per hour, of which the claim takes one, or
    None for a notice that takes none: see `is_limited_kind`.
    """
    notice = situation.notice
    claimed = replace(
        notice,
        state="claimed",
        claim=owner,
        attempts=notice.attempts + 1,
        due_at=format_timestamp(now + rules.lease),
        may_have_reached=True,
    )
    limit = HourLimit(hour_of(format_timestamp(now)), notice.severity, maximum) if maximum is not None else None
    return NoticeChange(situation.stored, claimed, limit=limit)


def is_limited_kind(situation: NoticeSituation) -> bool:
    """Return True if the next attempt of the notice takes one from the limit of its hour.

    Only the first attempt of a trigger does. CRITICAL triggers and fallbacks do not, nor does a trigger that continues
    the work of one that it replaced.
    """
    notice = situation.notice
    is_first = notice.action == "trigger" and situation.effort.attempts == 0
    return is_first and notice.severity != "CRITICAL" and not notice.is_fallback


def limit_notice(situation: NoticeSituation, now: datetime) -> NoticeChange:
    """Return the change of a notice over the limit of its hour: `limited`. The digest of the hour counts it."""
    at, episode = format_timestamp(now), situation.episode
    about = (episode.type, episode.source) if episode else ("", "")
    limited = LimitedNotice(hour_of(at), situation.notice.channel, *about)
    change = end(situation, "limited", now, "The limit of notices of this hour was reached.")
    return replace(change, limited=limited)


def settle(
    situation: NoticeSituation, outcome: Outcome, before: Notice, now: datetime, rules: DeliveryRules, random: Random
) -> NoticeChange:
    """Return the change for the outcome of an attempt: sent, failed with a fallback, or pending again.

    `before` is the notice before its claim. A notice that is postponed for too long fails.
    """
    match outcome:
        case Sent(receipt, meter):
            sent = replace(_ended(situation.notice, "sent", now), receipt=receipt)
            return NoticeChange(situation.stored, sent, follow_ups=tuple(_follow_ups(sent, meter)))
        case Refused(reason):
            return fail(situation, reason, now, before=before)
        case Postponed(reason) if rules.is_given_up(situation.effort, now):
            return fail(situation, f"Given up: {reason}"[:300], now, is_given_up=True)
        case Postponed():
            return _postpone(situation, outcome, before, now, rules, random)


def fail(
    situation: NoticeSituation, reason: str, now: datetime, *, before: Notice | None = None, is_given_up: bool = False
) -> NoticeChange:
    """Return the change of a failed notice. The next fallback of a trigger gets a notice in the same transaction.

    `before` is the notice before its claim, if the vendor refused the attempt, otherwise None. `is_given_up` is True if
    the notice is too old for a further attempt.

    The operators get an alert about a notice that was given up, that had no fallback left, or that is a digest or a
    refused resolve. A refused resolve has no fallback, because only its own vendor has the incident that remains open.
    """
    reached = before.may_have_reached if before else situation.notice.may_have_reached
    failed = replace(_ended(situation.notice, "failed", now, reason), may_have_reached=reached)
    change = _with_fallback(situation, NoticeChange(situation.stored, failed), now)
    is_reached = bool(change.created or situation.live_channels)
    is_lost = situation.notice.action == "trigger" and not situation.is_resolved and not is_reached
    is_digest = situation.notice.action == "digest"
    leaves_incident = situation.notice.action == "resolve" and before is not None
    return _reported(change) if is_given_up or is_lost or is_digest or leaves_incident else change


def fail_without_destination(situation: NoticeSituation, now: datetime) -> NoticeChange:
    """Return the change of a notice whose channel or member does not exist: failed, with the next fallback.

    A notice to the contact of a tenant without an address is `unroutable`.
    """
    if situation.notice.channel == CONTACT_CHANNEL:
        return _reported(end(situation, "unroutable", now, "The tenant has no contact address."))
    return fail(situation, "The channel does not exist.", now)


def _postpone(
    situation: NoticeSituation, outcome: Postponed, before: Notice, now: datetime, rules: DeliveryRules, random: Random
) -> NoticeChange:
    notice = situation.notice
    pause = rules.pause(notice.attempts, outcome.after, is_open=outcome.is_open, random=random)
    was_answered = outcome.is_open or outcome.after is not None
    pending = replace(
        notice,
        state="pending",
        claim=None,
        reason=outcome.reason[:300],
        due_at=format_timestamp(now + pause),
        may_have_reached=before.may_have_reached if was_answered else True,
    )
    change = NoticeChange(situation.stored, pending)
    is_urgent = outcome.is_open or situation.effort.attempts >= _EARLY_FALLBACK_ATTEMPTS
    return _with_fallback(situation, change, now) if notice.severity == "CRITICAL" and is_urgent else change


def _with_fallback(situation: NoticeSituation, change: NoticeChange, now: datetime) -> NoticeChange:
    """Return the change with a notice to the next fallback, if the episode still needs one.

    The fallbacks pass to the new notice, so that each notice has at most one follower. A channel that another notice
    of the episode reaches or may still reach is no fallback.
    """
    notice, episode = situation.notice, situation.episode
    targets = [each for each in notice.fallbacks if each not in situation.live_channels]
    if notice.action != "trigger" or episode is None or episode.state != "firing" or not targets:
        return change
    at = format_timestamp(now)
    follower = replace(
        change.before.notice,
        sequence=episode.notices + 1,
        channel=targets[0],
        fallbacks=tuple(targets[1:]),
        is_fallback=True,
        created_at=at,
        due_at=at,
        state="pending",
        attempts=0,
        claim=None,
        reason="",
        may_have_reached=False,
    )
    after = replace(change.after, fallbacks=())
    return replace(change, after=after, created=(follower,), episode_version=episode.version)


def _follow_ups(sent: Notice, meter: str) -> Iterator[FollowUp]:
    if meter and sent.tenant_id != OPERATORS:
        yield FollowUp("usage", sent, meter)
    if sent.channel == OPERATORS_CHANNEL and sent.action in {"trigger", "digest"}:
        yield FollowUp("escalated", sent)


def _reported(change: NoticeChange) -> NoticeChange:
    """Return the change with an alert to the operators. A notice of the operators raises no further alert."""
    if change.after.tenant_id == OPERATORS:
        return change
    return replace(change, follow_ups=(*change.follow_ups, FollowUp("stuck", change.after)))


def _ended(notice: Notice, state: NoticeState, now: datetime, reason: str = "") -> Notice:
    return replace(notice, state=state, claim=None, due_at=None, reason=reason, ended_at=format_timestamp(now))


def delay_seconds(due_at: str, now: datetime, most: int = 900) -> int:
    """Return the whole seconds until the timestamp `due_at`, rounded up and limited to 0 to `most`."""
    left = datetime.fromisoformat(due_at) - now
    return max(0, min(most, -(-left // timedelta(seconds=1))))
