"""Alert events that people and programs of a tenant send, and the event of a test."""

from dataclasses import dataclass, replace

from vigil.alerting.alerts.model import DEFAULT_SEVERITIES, AlertEvent, AlertType, Severity
from vigil.alerting.channels.masking_model import MAX_TITLE, mask_facts, mask_text
from vigil.errors import FieldError, InvalidInput

TEST_SOURCE = "alerting.test"
"""Source of the alerts that test the configuration of a tenant."""


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """The fields of an alert that a sender may choose. Texts are not masked yet.

    `severity` None is the default of the type. `is_cleared` is True to end the alert.
    """

    type: AlertType
    source: str
    title: str
    severity: Severity | None = None
    labels: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    link: str = ""
    is_cleared: bool = False


def create_sent_event(tenant_id: str, event_id: str, draft: AlertDraft, at: str, correlation_id: str) -> AlertEvent:
    """Return the event of a draft at the time `at`. Its title and facts are masked.

    Raises InvalidInput if the source, a label or the link has a text that would have to be masked, because masks would
    change the group of the alert.
    """
    names = {"source": draft.source, "link": draft.link} | {f"labels.{name}": text for name, text in draft.labels}
    masked = [name for name, text in names.items() if mask_text(text) != text]
    if masked:
        rule = "must not have an e-mail address, a date or a number of seven digits or more"
        raise InvalidInput(*(FieldError(name, f"{rule}. Use an id of fewer digits.", rule) for name in masked))
    return AlertEvent(
        tenant_id=tenant_id,
        event_id=event_id,
        type=draft.type,
        severity=draft.severity or DEFAULT_SEVERITIES[draft.type],
        source=draft.source,
        title=mask_text(draft.title, MAX_TITLE),
        occurred_at=at,
        is_cleared=draft.is_cleared,
        labels=tuple(sorted(draft.labels)),
        facts=mask_facts(draft.facts),
        link=draft.link,
        correlation_id=correlation_id,
        is_requested=True,
    )


def create_test_event(tenant_id: str, event_id: str, severity: Severity, at: str, correlation_id: str) -> AlertEvent:
    """Return the event of a test of the type `deployment_status`.

    The id is a label of it, so that each test has an alert of its own.
    """
    draft = AlertDraft("deployment_status", TEST_SOURCE, "Test of the alerting configuration", severity)
    event = create_sent_event(tenant_id, event_id, draft, at, correlation_id)
    return replace(event, labels=(("test", event_id),))
