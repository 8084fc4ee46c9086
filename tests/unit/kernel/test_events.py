"""Every kind of event has one style, the common fields and a row in the documentation."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

import vigil
from vigil.alerting.events.model import NewDecision
from vigil.kernel.events import EVENT_VERSION, EventKind, create_event
from vigil.kernel.time import format_timestamp
from vigil.money.budgets.model import Budget
from vigil.money.forecasting.model import ExcessSpend, create_anomaly

EVENT_KINDS = get_args(EventKind)
PARTICIPLES = {"made", "found", "reached"}
"""Past participles of the kinds; a new kind may add one."""
NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
AT = format_timestamp(NOW)
DOCS = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
DECISION = NewDecision("acme", "dec_1", "c-1", AT, "digest", "sha256:0", "high", "abstain", True)
EVENTS = {
    event.kind: event
    for event in (
        *DECISION.events(),
        Budget("total", "day", 1_000).create_alert("2026-11-21", 80, 850, NOW).to_event("acme"),
        create_anomaly("inference", 1, ExcessSpend(1, 3.0, 1.0, 2.0), NOW).to_event("acme"),
    )
}


def rooms():
    return {folder.name for folder in Path(vigil.__path__[0]).glob("*/*") if folder.is_dir()}


def documented(kind):
    """Return the row of a kind in the table of kinds."""
    (row,) = (line for line in DOCS.splitlines() if line.startswith(f"| `{kind}` |"))
    return row


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_a_kind_is_a_room_and_a_past_participle(kind):
    room, _, name = kind.partition(".")
    assert room in rooms()
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert name.rpartition("_")[2] in PARTICIPLES


def test_every_kind_is_published():
    assert sorted(EVENTS) == sorted(EVENT_KINDS)


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_event_has_the_common_fields(kind):
    event = EVENTS[kind]
    detail = json.loads(event.detail)
    assert list(detail)[:4] == ["event_id", "event_version", "occurred_at", "tenant_id"]
    assert (detail["event_id"], detail["occurred_at"]) == (event.event_id, AT)
    assert event.event_id.endswith(f".{kind}")
    assert type(detail["event_version"]) is int
    assert (detail["event_version"], detail["tenant_id"]) == (EVENT_VERSION, "acme")


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_is_documented_with_its_version_and_fields(kind):
    row = documented(kind)
    row = documented("scoring.decision_made") if "as above" in row else row
    fields = list(json.loads(EVENTS[kind].detail))[4:]
    assert re.findall(r"`([a-z_]+)`", row.rpartition(" | ")[2]) == fields
    assert f"| {EVENT_VERSION} |" in documented(kind)


def test_an_event_repeats_its_id_kind_and_time_in_the_detail():
    event = create_event("dec_1", "scoring.decision_made", AT, {"tenant_id": "acme"})
    assert json.loads(event.detail) == {
        "event_id": "dec_1.scoring.decision_made",
        "event_version": EVENT_VERSION,
        "occurred_at": "2026-11-21T05:00:00.000000Z",
        "tenant_id": "acme",
    }
