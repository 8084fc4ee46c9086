"""Every kind of event has one style, the common fields and a row in the documentation."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

import vigil
from vigil.alerting.events.model import NewDecision
from vigil.alerting.webhooks.model import WEBHOOK_KINDS, Webhook, create_test_event
from vigil.decisions.batches.ending import completed_event
from vigil.decisions.batches.model import Batch
from vigil.kernel.events import EVENT_VERSION, EventKind, create_event
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.money.budgets.model import Budget
from vigil.money.forecasting.model import ExcessSpend, create_anomaly
from vigil.operations.failures.groups_model import FailureGroup, Finding
from vigil.operations.failures.model import Occurrence, Sighting, Signature
from vigil.outbound.breakers.model import CircuitId, Transition
from vigil.privacy.persons.model import Person, changed_event

EVENT_KINDS = get_args(EventKind)
PARTICIPLES = {
    *("made", "found", "reached", "abstained", "completed", "raised", "cleared", "changed", "tested", "disabled"),
    *("opened", "closed", "parked", "reused", "regressed", "missed", "met", "escalated", "resolved"),
    "decided",
}
"""Past participles of the kinds; a new kind may add one."""
ROOM_OF = {"spend": "forecasting", "circuits": "breakers"}
"""Rooms of the subjects that no room is named after."""
ELSEWHERE = {
    *("alerts.raised", "alerts.cleared", "dead_letters.parked", "tokens.reused"),
    *("objectives.missed", "objectives.met"),
    *("incidents.opened", "incidents.escalated", "incidents.resolved"),
    *("findings.opened", "findings.decided"),
}
"""Kinds whose events the tests of their rooms create."""
CREATED_HERE = [kind for kind in EVENT_KINDS if kind not in ELSEWHERE]
NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
AT = format_timestamp(NOW)
DOCS = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
FOR_WEBHOOKS = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
DECISION = NewDecision("acme", "dec_1", "c-1", AT, "digest", "sha256:0", "high", "abstain", True)
BATCH = Batch("acme", "b-1", "iit", "csv", "running", AT, "c-1", "f", 0)
WEBHOOK = Webhook("acme", "whk_1", "https://a.example", ("persons.changed",), "", False, (), AT, AT, AT)
CIRCUIT = CircuitId("webhook:w-1", "acme")
OPENED = Transition("opened", 1, NOW, failed=5, calls=9, retell_at=NOW)
SIGHTING = Sighting(Signature("timeout", function="f"), "b-1", "s", (Occurrence(AT, "f", 5),))
FAILURE = FailureGroup.begin(SIGHTING)
REGRESSED = Finding("regressed", 2, AT, "f", 6)
OF_OPERATORS = {"failures.found", "failures.regressed"}
"""Kinds whose events belong to the operators only."""
EVENTS = {
    event.kind: event
    for event in (
        *DECISION.events(),
        Budget("total", "day", 1_000).create_alert("2026-11-21", 80, 850, NOW).to_event("acme"),
        create_anomaly("inference", 1, ExcessSpend(1, 3.0, 1.0, 2.0), NOW).to_event("acme"),
        completed_event(BATCH, "completed", AT),
        changed_event(Person("acme", "sub-1", AT), "consent", "1"),
        WEBHOOK.disabled_event(),
        create_test_event("acme", "whk_1", "1", AT),
        OPENED.to_event(CIRCUIT),
        replace(OPENED, name="closed").to_event(CIRCUIT),
        *FAILURE.events(),
        *replace(FAILURE, unpublished=(REGRESSED,)).events(),
    )
}


def rooms():
    return {folder.name for folder in Path(vigil.__path__[0]).glob("*/*") if folder.is_dir()}


def documented(kind, page=DOCS):
    """Return the row of a kind in the table of kinds."""
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{kind}` |"))
    return row


def fields_of(row):
    """Return the fields in the last cell of a row."""
    return re.findall(r"`([a-z_]+)`", row.rpartition(" | ")[2])


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_a_kind_is_a_room_and_a_past_participle(kind):
    subject, _, name = kind.partition(".")
    assert ROOM_OF.get(subject, subject) in rooms()
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert name.rpartition("_")[2] in PARTICIPLES


def test_every_kind_is_published():
    assert sorted(EVENTS) == sorted(CREATED_HERE)


@pytest.mark.parametrize("kind", CREATED_HERE)
def test_every_event_has_the_common_fields(kind):
    event = EVENTS[kind]
    detail = json.loads(event.detail)
    assert list(detail)[:4] == ["event_id", "event_version", "occurred_at", "tenant_id"]
    assert (detail["event_id"], detail["occurred_at"]) == (event.event_id, AT)
    assert event.event_id.endswith(f".{kind}")
    assert type(detail["event_version"]) is int
    assert (detail["event_version"], detail["tenant_id"]) == (
        EVENT_VERSION,
        OPERATORS if kind in OF_OPERATORS else "acme",
    )


@pytest.mark.parametrize("kind", CREATED_HERE)
def test_every_kind_is_documented_with_its_version_and_fields(kind):
    row = documented(kind)
    row = documented("scoring.decision_made") if "as above" in row else row
    fields = list(json.loads(EVENTS[kind].detail))[4:]
    assert fields_of(row) == fields
    assert f"| {EVENT_VERSION} |" in documented(kind)


@pytest.mark.parametrize("kind", WEBHOOK_KINDS)
def test_every_kind_of_webhooks_has_the_fields_of_its_event(kind):
    row = documented(kind)
    row = documented("scoring.decision_made") if "as above" in row else row
    assert fields_of(documented(kind, FOR_WEBHOOKS)) == fields_of(row)


def test_an_event_repeats_its_id_kind_and_time_in_the_detail():
    event = create_event("dec_1", "scoring.decision_made", AT, {"tenant_id": "acme"})
    assert json.loads(event.detail) == {
        "event_id": "dec_1.scoring.decision_made",
        "event_version": EVENT_VERSION,
        "occurred_at": "2026-11-21T05:00:00.000000Z",
        "tenant_id": "acme",
    }
