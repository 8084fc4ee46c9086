"""The order of notices: the situation of a notice, and its next step.

All notices of a channel and incident report one state to the vendor. The last trigger or resolve has the state of the
episode. So it ends all earlier notices that are not final, and no notice waits for a vendor that does not respond.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Literal

from vigil.alerting.alerts.model import Episode, Notice, NoticeState, Receipt
from vigil.alerting.notices.model import DeliveryRules, StoredNotice, is_final
from vigil.kernel.time import format_timestamp

_LIVE: tuple[NoticeState, ...] = ("pending", "claimed", "sent")
_HELD: tuple[NoticeState, ...] = ("silenced", "inhibited", "unroutable")
"""States of notices that were never meant for a vendor."""
NextStep = Literal["done", "busy", "later", "wait", "overtake", "superseded", "given_up", "attempt"]
"""Next step of a notice.

`done`: it is final. `busy`: another worker has it. `later`: its pause is not over. `wait`: the vendor may be receiving
an earlier notice of the channel, or an earlier trigger precedes an acknowledgement. `overtake`: end the earlier notices
of the channel first. `superseded`: end it, because its state is outdated. `given_up`: fail it. `attempt`: send it.
"""


@dataclass(frozen=True, slots=True)
class NoticeSituation:
    """A notice with all stored notices of its episode, in the order of their sequences.

    `episode` is None for a digest, and for an episode that was deleted.
    """

    stored: StoredNotice
    siblings: Sequence[StoredNotice]
    episode: Episode | None

    @property
    def notice(self) -> Notice:
        """The notice."""
        return self.stored.notice

    @property
    def is_resolved(self) -> bool:
        """True if the episode of the notice is resolved or no longer exists."""
        return self.episode is None or self.episode.state == "resolved"

    @property
    def earlier(self) -> list[StoredNotice]:
        """Earlier notices of the same channel, in their order."""
        return [each for each in self._same_channel if each.notice.sequence < self.notice.sequence]

    @property
    def is_overtaken(self) -> bool:
        """True if a later trigger or resolve of the channel replaces the notice."""
        later = (each.notice for each in self._same_channel if each.notice.sequence > self.notice.sequence)
        actions = {"resolve"} if self.notice.action == "resolve" and self.is_taken else {"trigger", "resolve"}
        return any(each.action in actions and each.state not in _HELD for each in later)

    @property
    def is_taken(self) -> bool:
        """True if the vendor may show the incident as acknowledged.

        Only a resolve then lets a trigger notify again.
        """
        every = (each.notice for each in self._same_channel if each.notice.action == "acknowledge")
        return any(each.state == "sent" or each.may_have_reached for each in every)

    @property
    def last_receipt(self) -> Receipt | None:
        """Receipt of the last sent notice of the channel and episode, or None."""
        sent = [each.notice for each in self._same_channel if each.notice.state == "sent"]
        return max(sent, key=lambda each: each.ended_at or "").receipt if sent else None

    @property
    def live_channels(self) -> set[str]:
        """Other channels that the same or a later step of the episode reaches or may still reach."""
        every = (each.notice for each in self.siblings)
        others = (each for each in every if each.action == "trigger" and each.channel != self.notice.channel)
        same = (each for each in others if each.created_at >= self.notice.created_at)
        return {each.channel for each in same if each.state in _LIVE}

    @property
    def overtaken(self) -> list[Notice]:
        """Earlier triggers of the channel that this one replaced, and that were attempted without success.

        This trigger continues their work.
        """
        triggers = [each.notice for each in self.earlier if each.notice.action == "trigger"]
        ended = takewhile(lambda each: each.state == "superseded", reversed(triggers))
        return [each for each in ended if each.attempts]

    @property
    def effort(self) -> Notice:
        """The notice as if it had made the attempts of the triggers that it replaced.

        `attempts` is their sum, and `created_at` the time of the first one.
        """
        notice, others = self.notice, self.overtaken
        since = min((each.created_at for each in others), default=notice.created_at)
        attempts = notice.attempts + sum(each.attempts for each in others)
        return replace(notice, attempts=attempts, created_at=min(since, notice.created_at))

    @property
    def _same_channel(self) -> list[StoredNotice]:
        return [each for each in self.siblings if each.notice.channel == self.notice.channel]


def next_delivery_step(situation: NoticeSituation, now: datetime, rules: DeliveryRules) -> NextStep:
    """Return the next step of a notice at the time `now`.

    A vendor never receives two notices of a channel and incident at once, nor one after a later one. So the incident
    ends in the state of the episode.
    """
    notice = situation.notice
    if is_final(notice):
        return "done"
    if _is_running(notice, now):
        return "busy"
    if notice.action != "digest" and (order := _order_step(situation)):
        return order
    if notice.attempts and _is_early(notice, now):
        return "later"
    # A notice that ends its worker would otherwise be claimed for ever.
    return "given_up" if notice.state == "claimed" and rules.is_given_up(situation.effort, now) else "attempt"


def ended_attempts(notice: Notice, now: datetime) -> int:
    """Return the number of attempts of a notice that have ended by the time `now`.

    A claim counts its attempt before the request to the vendor. The attempt has ended when the lease of its claim is
    over.
    """
    return notice.attempts - _is_running(notice, now)


def _is_running(notice: Notice, now: datetime) -> bool:
    return notice.state == "claimed" and _is_early(notice, now)


def _is_early(notice: Notice, now: datetime) -> bool:
    return notice.due_at is not None and notice.due_at > format_timestamp(now)


def _order_step(situation: NoticeSituation) -> NextStep | None:
    """Return the step that the state of the episode or another notice of the channel demands, or None."""
    notice, earlier = situation.notice, [each.notice for each in situation.earlier]
    is_past = situation.is_resolved and notice.action != "resolve"
    if is_past or situation.is_overtaken:
        return "superseded"
    unfinished = [each for each in earlier if not is_final(each)]
    if unfinished:
        is_behind = notice.action == "acknowledge" or any(each.state == "claimed" for each in unfinished)
        is_behind |= (
            situation.is_taken and any(each.action == "resolve" for each in unfinished) and notice.action == "trigger"
        )
        return "wait" if is_behind else "overtake"
    if notice.action != "trigger" and not _may_be_open_at_vendor(earlier):
        return "superseded"
    return None


def _may_be_open_at_vendor(notices: Sequence[Notice]) -> bool:
    """Return True if these ended notices of a channel, in their order, may have left an open incident at the vendor.

    Only a sent resolve closes it. `open_channels` of `episodes/escalation_model.py` counts notices on their way too.
    """
    is_open = False
    for notice in notices:
        if notice.action == "trigger" and (notice.state == "sent" or notice.may_have_reached):
            is_open = True
        elif notice.action == "resolve" and notice.state == "sent":
            is_open = False
    return is_open


def unfinished_before(situation: NoticeSituation) -> list[NoticeSituation]:
    """Return the situations of the channel's earlier notices that are not final, in their order."""
    return [replace(situation, stored=each) for each in situation.earlier if not is_final(each.notice)]
