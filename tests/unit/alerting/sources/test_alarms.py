"""Alarms of CloudWatch as alerts of the operators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.alert_sources import AT, alarm_document
from vigil.alerting.sources.alarms_model import ALARMS, alarm_event, alarm_suffix, find_alarm
from vigil.errors import UnreadableMessage
from vigil.kernel.tenants import OPERATORS


@pytest.mark.parametrize("logical_id", ALARMS)
def test_an_alarm_is_found_by_its_name(logical_id):
    for stack in ("vigil", "vigil-local-ab12cd", "not-drained"):
        assert find_alarm(f"{stack}-{alarm_suffix(logical_id)}") == logical_id


@pytest.mark.parametrize("logical_id", ALARMS)
def test_a_known_alarm_fires_and_its_end_clears_the_same_alert(logical_id):
    name, rule = f"vigil-{alarm_suffix(logical_id)}", ALARMS[logical_id]
    fired, ended = alarm_event(alarm_document(name)), alarm_event(alarm_document(name, "OK"))
    assert (fired.tenant_id, fired.type, fired.severity) == (OPERATORS, rule.type, rule.severity)
    assert (fired.occurred_at, fired.is_cleared) == (AT, False)
    if rule.is_cleared_by_ok:
        assert (ended.fingerprint, ended.is_cleared) == (fired.fingerprint, True)
        assert ended.event_id != fired.event_id
    else:
        assert ended is None


def test_the_alarm_of_each_queue_is_an_alert_of_its_own():
    first, second = (alarm_event(alarm_document(f"vigil-{name}-not-drained")) for name in ("alerts", "batch-chunks"))
    assert (first.source, second.source) == ("queue.vigil-alerts", "queue.vigil-batch-chunks")


@given(st.text(min_size=1, max_size=255).filter(lambda name: find_alarm(name) is None))
def test_an_unknown_alarm_is_stuck_work_with_an_error(name):
    event = alarm_event(alarm_document(name) | {"AlarmDescription": "jane-roe"})
    assert (event.type, event.severity, event.tenant_id) == ("work_stuck", "ERROR", OPERATORS)
    assert event.source.isascii()
    assert "jane" not in event.title


def test_an_alert_of_an_alarm_has_no_measured_values():
    assert "Threshold Crossed" not in str(alarm_event(alarm_document("vigil-work-parked")))


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1"])
def test_an_alarm_with_an_arn_links_to_its_page(region):
    arn = f"arn:aws:cloudwatch:{region}:1:alarm:vigil-work-parked"
    event = alarm_event(alarm_document("vigil-work-parked") | {"AlarmArn": arn})
    assert event.link.startswith(f"https://{region}.console.aws.amazon.com/cloudwatch/")


@pytest.mark.parametrize("arn", [None, 7, "", "arn:aws:cloudwatch:evil.example/:1:alarm:x"])
def test_an_alarm_without_a_valid_arn_has_no_link(arn):
    assert alarm_event(alarm_document("vigil-work-parked") | {"AlarmArn": arn}).link == ""


@pytest.mark.parametrize("broken", [{"NewStateValue": "BAD"}, {"StateChangeTime": "yesterday"}, {"AlarmName": ""}])
def test_a_malformed_alarm_is_unreadable(broken):
    with pytest.raises(UnreadableMessage):
        alarm_event(alarm_document("vigil-work-parked") | broken)
