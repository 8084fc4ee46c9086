"""Delivery of one notice: load, decide, claim, send, and record the outcome.

Each step is one transaction over the state that it was decided from, so any number of workers may deliver the same
notice. A crash between send and record is the only case in which a vendor receives a notice twice.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from vigil.alerting.alerts.model import OPERATORS_CHANNEL, SEVERITIES, Notice, Receipt
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Postponed, Refused, Sent
from vigil.alerting.channels.ports import Sender
from vigil.alerting.notices import delivery_model
from vigil.alerting.notices.delivery_model import delay_seconds
from vigil.alerting.notices.follow_ups_service import FollowUps
from vigil.alerting.notices.model import (
    CommitResult,
    DeliveryRules,
    DeliveryStep,
    NoticeChange,
    NoticeDestination,
    NoticeRef,
    StoredNotice,
    hour_of_digest,
)
from vigil.alerting.notices.order_model import NoticeSituation, next_delivery_step, unfinished_before
from vigil.alerting.notices.ports import (
    DeliveryQueue,
    Destinations,
    DigestStore,
    EpisodeReader,
    LinkSigner,
    NoticeStore,
)
from vigil.errors import Unavailable
from vigil.runtime.retries import TryAgain, retry

_RESOLVED = "The alert was resolved before this notice was sent."
_OVERTAKEN = "A later notice of this channel replaced this one."
_TRIES = 5
"""Maximum attempts to record a step, each decided from the stored state."""


@dataclass(frozen=True, slots=True)
class DeliveryPorts:
    """Ports of the delivery of notices."""

    store: NoticeStore
    digests: DigestStore
    episodes: EpisodeReader
    destinations: Destinations
    sender: Sender
    links: LinkSigner
    queue: DeliveryQueue
    follow_ups: FollowUps


class Deliveries:
    """Delivers the notices of all tenants.

    `new_owner` returns a new name for each claim; `observe` receives each step for the log.
    """

    def __init__(
        self,
        ports: DeliveryPorts,
        clock: Callable[[], datetime],
        random: Random,
        new_owner: Callable[[], str],
        observe: Callable[[DeliveryStep], None],
        rules: DeliveryRules | None = None,
    ) -> None:
        self._ports = ports
        self._clock = clock
        self._random = random
        self._new_owner = new_owner
        self._observe = observe
        self._rules = rules or DeliveryRules()

    def deliver(self, ref: NoticeRef) -> None:
        """Do the next step of a notice: send it, end it, or let it wait; safe to repeat.

        An unknown notice, a final one, and one that another worker has or whose pause is not over are not changed.
        Raises Unavailable if a store does not respond. Failures of vendors are outcomes, not errors.
        """
        situation = self._situation(ref)
        if situation is None:
            return
        match next_delivery_step(situation, self._clock(), self._rules):
            case "wait":
                self._commit(delivery_model.wait_for_order(situation, self._clock(), self._rules))
            case "superseded":
                self._supersede(situation)
            case "overtake":
                self._overtake(situation)
            case "given_up":
                self._fail(situation, "Given up: no attempt was completed.", is_given_up=True)
            case "attempt":
                self._attempt(situation)
            case "done" | "busy" | "later":
                pass

    def _supersede(self, situation: NoticeSituation) -> CommitResult:
        reason = _OVERTAKEN if situation.is_overtaken else _RESOLVED
        return self._commit(delivery_model.end(situation, "superseded", self._clock(), reason))

    def _overtake(self, situation: NoticeSituation) -> None:
        """End the earlier notices of the channel, and go on. A notice that a worker has just claimed is waited for."""
        for earlier in unfinished_before(situation):
            self._supersede(earlier)
        self.deliver(NoticeRef.of(situation.notice))

    def _attempt(self, situation: NoticeSituation) -> None:
        destination = self._destination(situation.notice)
        if destination is None:
            self._record(situation, lambda now, seen: delivery_model.fail_without_destination(seen, now))
            return
        claimed = self._claim(situation)
        if claimed is None:
            return
        outcome = self._send(claimed, destination)
        self._record(
            claimed,
            lambda now, seen: delivery_model.settle(seen, outcome, situation.notice, now, self._rules, self._random),
        )
        if isinstance(outcome, Refused) and outcome.is_channel_broken:
            with suppress(Unavailable):  # the next refusal marks the channel
                self._ports.destinations.mark_broken(destination, outcome.reason)

    def _destination(self, notice: Notice) -> NoticeDestination | None:
        if notice.channel == OPERATORS_CHANNEL:
            return NoticeDestination(Channel(notice.tenant_id, OPERATORS_CHANNEL, "email", "", {}))
        return self._ports.destinations.find(notice.tenant_id, notice.channel)

    def _claim(self, situation: NoticeSituation) -> NoticeSituation | None:
        """Return the situation with the claimed notice, or None if the notice is not ours to send."""
        now, maximum = self._clock(), self._maximum(situation)
        change = delivery_model.claim(situation, self._new_owner(), now, self._rules, maximum)
        result = "limited" if maximum == 0 else self._ports.store.commit(change)
        if result == "limited":
            self._record(situation, lambda now, seen: delivery_model.limit_notice(seen, now))
        if result != "written":
            return None
        return replace(situation, stored=StoredNotice(change.after, situation.stored.revision + 1))

    def _maximum(self, situation: NoticeSituation) -> int | None:
        notice = situation.notice
        if not delivery_model.is_limited_kind(situation):
            return None
        return self._ports.store.limits(notice.tenant_id).maximum(notice.severity)

    def _send(self, situation: NoticeSituation, destination: NoticeDestination) -> Outcome:
        notice = situation.notice
        if notice.channel == OPERATORS_CHANNEL:
            return Sent(Receipt())  # a follow-up raises the alert of the operators
        try:
            return self._ports.sender.send(destination.channel, self._content(situation, destination))
        except Exception as error:  # one notice must not stop the others; it is tried again
            self._observe(DeliveryStep("failed", notice, error))
            return Postponed(f"The sender failed with {type(error).__name__}.")

    def _content(self, situation: NoticeSituation, destination: NoticeDestination) -> NoticeContent:
        notice, episode, now = situation.notice, situation.episode, self._clock()
        counts = None
        if notice.action == "digest":
            counts = self._ports.digests.counts(notice.tenant_id, hour_of_digest(notice)).get(notice.channel, {})
        links = self._ports.links.links(notice, episode, now)
        if episode:  # a rise during a pause of the notice
            notice = replace(notice, severity=max(notice.severity, episode.severity, key=SEVERITIES.index))
        return NoticeContent(notice, episode, now, situation.last_receipt, destination.address, links, counts)

    def _fail(self, situation: NoticeSituation, reason: str, *, is_given_up: bool = False) -> None:
        self._record(situation, lambda now, seen: delivery_model.fail(seen, reason, now, is_given_up=is_given_up))

    def _record(self, situation: NoticeSituation, decide: Callable[[datetime, NoticeSituation], NoticeChange]) -> None:
        """Record a step. It is decided again if the episode changed meanwhile, and dropped if the notice did."""
        seen: NoticeSituation | None = situation

        def attempt() -> None:
            nonlocal seen
            if seen is None or seen.stored.revision != situation.stored.revision:
                return
            try:
                result = self._commit(decide(self._clock(), seen))
            except Unavailable as error:
                raise TryAgain from error
            if result in {"moved", "closed"}:
                seen = self._situation(NoticeRef.of(situation.notice))
                raise TryAgain

        retry(attempt, attempts=_TRIES, error=Unavailable("The step of a notice could not be recorded; try again."))

    def _commit(self, change: NoticeChange) -> CommitResult:
        result = self._ports.store.commit(change)
        if result == "written":
            self._observe(DeliveryStep(change.after.state, change.after))
            self._announce(change)
        return result

    def _announce(self, change: NoticeChange) -> None:
        """Send the messages of a written change and do its follow-ups. A later sweep repeats the rest of a failure."""
        try:
            self._ports.queue.send(change.created)
            if change.after.due_at is not None:
                self._ports.queue.send([change.after], delay_seconds(change.after.due_at, self._clock()))
            if change.is_release and (waiting := self._waiting(change.after)):
                self._ports.queue.send(waiting)
            self._ports.follow_ups.run(change.follow_ups)
        except Unavailable as error:
            self._observe(DeliveryStep("failed", change.after, error))

    def _waiting(self, released: Notice) -> list[Notice]:
        """Return the notices of the same channel that may wait for the released one."""
        if released.action == "digest":
            return []
        stored = (each.notice for each in self._ports.store.notices(NoticeRef.of(released)))
        later = (each for each in stored if each.channel == released.channel and each.sequence > released.sequence)
        return [each for each in later if each.state == "pending" and not each.attempts]

    def _situation(self, ref: NoticeRef) -> NoticeSituation | None:
        stored = self._ports.store.notices(ref)
        mine = [each for each in stored if each.notice.sequence == ref.sequence]
        if not mine:
            return None
        is_digest = mine[0].notice.action == "digest"
        episode = None if is_digest else self._ports.episodes.load_number(ref.tenant_id, ref.fingerprint, ref.number)
        return NoticeSituation(mine[0], stored, episode)
