"""The demo's pager takes PagerDuty events, and waits for an incident."""

import httpx
import pytest

from cli import pager
from cli.checkout import CommandFailed
from cli.emulator import free_port

PAGE = {
    "event_action": "trigger",
    "dedup_key": "one",
    "payload": {"summary": "A decision", "severity": "info", "source": "model"},
}


@pytest.fixture
def opened():
    port = free_port()
    with pager.open_pager(port) as running:
        yield running, f"http://{pager.HOST}:{port}/v2/enqueue"


def test_a_page_is_shown_with_its_severity(opened):
    running, url = opened
    assert httpx.post(url, json=PAGE, trust_env=False).status_code == 202
    page = running.wait_for(lambda incident: incident.state == "triggered", 0)
    assert (page.key, page.severity, page.summary) == ("one", "info", "A decision")


def test_an_acknowledgement_changes_the_incident(opened):
    running, url = opened
    for event in (PAGE, {"event_action": "acknowledge", "dedup_key": "one"}):
        httpx.post(url, json=event, trust_env=False)
    assert running.wait_for(lambda incident: incident.key == "one", 0).state == "acknowledged"


def test_a_resolution_of_an_unknown_incident_is_dropped(opened):
    running, url = opened
    assert httpx.post(url, json={"event_action": "resolve", "dedup_key": "x"}, trust_env=False).status_code == 202
    assert running.wait_for(lambda _: True, 0) is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"event_action": "trigger"}', b'{"event_action": "page", "dedup_key": "a"}']
)
def test_another_body_is_refused(opened, body):
    assert httpx.post(opened[1], content=body, trust_env=False).status_code == 400


def test_a_used_port_is_named(opened):
    port = httpx.URL(opened[1]).port
    with pytest.raises(CommandFailed, match=f"port {port} of the demo's pager is in use"), pager.open_pager(port):
        pass
