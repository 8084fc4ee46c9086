import re
from dataclasses import replace
from typing import get_args

from tests.support.invented_health import invent_facts
from vigil.monitoring.findings.model import Recommendation
from vigil.monitoring.findings.words_model import ADVICE, ENGINE_ADVICE, next_step
from vigil.monitoring.report.publishing_model import publish
from vigil.monitoring.report.schemas import HealthReportView
from vigil.monitoring.report.status_model import GUIDANCE, describe_status

QUIET = replace(invent_facts(), findings=())


def test_a_model_without_findings_is_quiet():
    assert describe_status(QUIET).state == "quiet"


def test_a_model_whose_baseline_is_counted_is_settling():
    assert describe_status(replace(QUIET, is_settling=True)).state == "settling"


def test_a_window_below_100_decisions_is_insufficient():
    counted = [replace(QUIET, volume=replace(QUIET.volume, counted=count)) for count in (99, 100)]
    assert [describe_status(facts).state for facts in counted] == ["insufficient", "quiet"]


def test_an_alarm_counts_its_days_and_gives_each_step_once():
    finding = invent_facts().findings[0]
    later = replace(finding, day="2026-11-20", subjects=("other",))
    status = describe_status(replace(QUIET, findings=(later, finding), is_settling=True))
    assert (status.state, status.since) == ("alarm", "2026-11-17")
    assert status.headline == "Alarm: day 13. 2 alarms are open."
    assert status.advice == (ADVICE["rebase"],)
    assert [each.day for each in status.findings] == ["2026-11-17", "2026-11-20"]


def test_only_a_review_of_a_group_stops_promotions():
    engine = replace(invent_facts().findings[0], recommendation="review", kind="predictions")
    assert next_step(engine) == ENGINE_ADVICE
    assert "Promotions stop" in next_step(replace(engine, kind="fairness"))


def test_every_recommendation_has_advice():
    assert set(ADVICE) == set(get_args(Recommendation))


def test_the_guidance_has_five_sentences():
    assert [len(re.findall(r"[.](?: |$)", line)) for line in GUIDANCE] == [1] * 5


def test_the_json_has_the_members_in_the_order_of_the_report():
    view = HealthReportView.from_report(publish(invent_facts())).model_dump(mode="json")
    assert list(view)[4:8] == ["status", "budget", "volume", "estimated"]
    assert list(view)[8:12] == ["confirmed", "calibration", "drift", "groups"]
    assert list(view)[12:] == ["not_given", "trend", "training_shift", "trial", "guidance"]
    assert view["volume"]["abstained"][2] == {"name": "too_many_missing", "rows": None, "share": None}
    assert view["status"]["findings"][0]["recommendation"] == "rebase"
