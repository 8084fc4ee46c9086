"""The words of a notice, which are the same for all channels: ids, counts and links."""

from collections.abc import Mapping
from dataclasses import dataclass

from vigil.alerting.alerts.model import Episode, Severity
from vigil.alerting.channels.masking_model import MAX_FACT_NAME, MAX_FACT_TEXT, MAX_TITLE, one_line
from vigil.alerting.channels.model import NoticeContent
from vigil.kernel.time import format_timestamp

_STATES = {"trigger": "Firing", "acknowledge": "Acknowledged", "resolve": "Resolved", "digest": "Limited"}
_MAX_NAME = 80
"""Maximum characters of the name of a person or key that acted."""


@dataclass(frozen=True, slots=True)
class NoticeText:
    """The words of a notice. `alert_id` is empty for a digest. `state` is a word such as `Firing`.

    `facts` are all facts, in order; a channel may leave out the last ones and then names their number. `links` are
    pairs of name and https address. `at` is the time of the attempt.
    """

    alert_id: str
    state: str
    severity: Severity
    type: str
    source: str
    title: str
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    at: str

    @property
    def headline(self) -> str:
        """One line with severity, state and title."""
        return f"[{self.severity}] {self.state}: {self.title}"


def describe(content: NoticeContent) -> NoticeText:
    """Return the words of a notice or of a digest."""
    if content.episode is None:
        return _describe_digest(content)
    return _describe_episode(content, content.episode)


def dedup_key(content: NoticeContent) -> str:
    """Return the key of the incident at vendors: that of the episode, or one of its own for a digest."""
    if content.episode is not None:
        return content.episode.dedup_key
    return f"vigil-{content.notice.tenant_id}-digest-{content.notice.notice_id}"


def more(hidden: int) -> str:
    """Return the line about a number of facts that a channel leaves out. Empty for 0."""
    return f"and {hidden} more" if hidden else ""


def _describe_episode(content: NoticeContent, episode: Episode) -> NoticeText:
    notice = content.notice
    by = episode.resolved_by if notice.action == "resolve" else episode.acknowledged_by
    own = [("Alert", episode.alert_id), ("Events", str(episode.count)), ("Since", episode.started_at)]
    if by and notice.action in {"acknowledge", "resolve"}:
        own.append((f"{_STATES[notice.action]} by", one_line(by, _MAX_NAME)))
    if episode.correlation_id:
        own.append(("Correlation id", episode.correlation_id))
    labels = [(name, text) for name, text in episode.labels]
    facts = [(one_line(name, MAX_FACT_NAME), one_line(text, MAX_FACT_TEXT)) for name, text in (*labels, *episode.facts)]
    return NoticeText(
        episode.alert_id,
        _STATES[notice.action],
        notice.severity,
        episode.type,
        one_line(episode.source, MAX_FACT_TEXT),
        one_line(episode.title, MAX_TITLE),
        (*own, *facts),
        _links(episode.link, content.links),
        format_timestamp(content.at),
    )


def _describe_digest(content: NoticeContent) -> NoticeText:
    counts = sorted((content.counts or {}).items(), key=lambda entry: (-entry[1], entry[0]))
    total = sum(count for _, count in counts)
    return NoticeText(
        "",
        _STATES["digest"],
        content.notice.severity,
        "digest",
        "vigil.alerting",
        f"{total} notices were over the hourly limit",
        tuple((one_line(name, MAX_FACT_NAME), str(count)) for name, count in counts),
        _links("", content.links),
        format_timestamp(content.at),
    )


def _links(link: str, named: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    own = (("details", link),) if link else ()
    return own + tuple((named or {}).items())
