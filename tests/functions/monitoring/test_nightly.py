"""The nightly sweep of monitoring, wired as deployed: decisions and outcomes in, profiles, cohorts and findings out."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.functions.rights import TRANSACTION, granted
from tests.support.aws_calls import replace_calls
from tests.support.deployments import KEY
from tests.support.gateway import Context, event
from tests.support.monitored_ledgers import Past, counts_of, past_day, plain_count, put_decisions
from tests.support.monitored_nights import (
    DAY,
    NIGHT,
    PLACE,
    days_before,
    publish_version,
    report,
    settle,
    stored,
)
from vigil.bootstrap import monitoring, prediction, process
from vigil.decisions.scoring.store import row_item
from vigil.monitoring.drift.encoding_model import to_bytes
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.state_model import baseline_start
from vigil.prediction.trials.model import Comparison, ModelAnswer


@pytest.fixture
def events(monkeypatch):
    """Types of the events that are published from now on."""
    found = []

    def recording(make, service, operation, arguments):
        if operation == "PutEvents":
            found.extend(entry["DetailType"] for entry in arguments["Entries"])
        return make(operation, arguments)

    replace_calls(monkeypatch, recording)
    return found


def test_an_ended_day_is_counted_once_as_in_the_ledger(client, sweep):
    put_decisions(client, reversed(past_day(DAY, 30)))
    put_decisions(client, [Past(days_before(DAY, 1), 1), Past("2026-03-02", 1), Past(DAY, 99, tenant="globex")])
    assert sweep() == {"profiles": 2}
    assert counts_of(stored()) == plain_count(client, DAY)
    assert sweep(hours=1) == {}
    assert stored().rows > stored().counted > 20


def test_a_scored_request_is_counted_with_its_groups(client, sweep, monkeypatch):
    from functions.scoring_api.handler import lambda_handler as score

    monkeypatch.setattr(process, "now", lambda: NIGHT - timedelta(hours=12))
    process.forget()
    body = {"model": "toy", "features": {"age": 80, "stage": "III"}}
    for subject, groups in (("p-1", {"sex": "female"}), ("p-2", {"sex": "male"}), ("p-2", {"sex": "male"})):
        sent = event("POST", "/v1/scores", body=body | {"subject_id": subject, "groups": groups}, tier="ENTERPRISE")
        assert score(sent, Context())["statusCode"] == 201
    assert sweep() == {"profiles": 1}
    assert counts_of(stored()) == plain_count(client, DAY)
    assert (stored().rows, stored().counted, set(stored().groups)) == (3, 2, {"sex=female", "sex=male"})


def test_late_decisions_are_counted_the_next_night(client, sweep):
    put_decisions(client, past_day(DAY, 5))
    sweep()
    put_decisions(client, [Past(DAY, 50, age=77.0)])
    assert sweep(nights=1) == {"profiles": 1}
    assert counts_of(stored()) == plain_count(client, DAY)


def test_an_erasure_leaves_the_counts(client, sweep):
    put_decisions(client, past_day(DAY, 5))
    sweep()
    before = stored()
    item = row_item(past_day(DAY, 5)[0].row())
    kept = {name: item[name] for name in ("pk", "tenant_pk", "time_sk", "decision_id", "model", "model_version")}
    client.put_item(TableName="decisions", Item=kept | {"erased_at": {"S": "2026-03-02T00:00:00Z"}})
    assert sweep(nights=1) == {}
    assert stored() == before


def test_missed_nights_are_counted_at_once(client, sweep):
    put_decisions(client, past_day(DAY, 5))
    sweep()
    for day in ("2026-03-03", "2026-03-08"):
        put_decisions(client, past_day(day, 5))
    assert sweep(nights=8) == {"profiles": 2}
    assert counts_of(stored("2026-03-08")) == plain_count(client, "2026-03-08")


def test_a_busy_day_counts_a_sample_of_its_decisions(client, sweep, monkeypatch):
    for module in ("profiles.counting_model", "nightly.counting_service"):
        monkeypatch.setattr(f"vigil.monitoring.{module}.MAX_COUNTED", 20)
    put_decisions(client, [Past(DAY, number) for number in range(50)])
    sweep()
    assert stored().rows == 50
    assert 8 <= stored().counted <= 27  # a third of them


def test_versions_are_counted_apart(client, sweep):
    publish_version(2)
    put_decisions(client, [*past_day(DAY, 5), Past(DAY, 70, version=2)])
    assert sweep() == {"profiles": 2}
    assert (stored().rows, stored(place=("acme", "toy", 2, "single")).rows) == (5, 1)


def test_due_labels_form_the_cohort_of_their_week(client, sweep):
    day = "2026-01-20"  # labels are final on 2026-02-17, in week 8
    occurred, absent, excluded, overdue, treated = past = [Past(day, number, probability=0.6) for number in range(5)]
    put_decisions(client, [*past, Past(day, 9, probability=None)])
    report(occurred)
    report(absent, "not_occurred")
    report(excluded, "excluded")
    report(treated, treated=True)
    monitoring.progress().put_counted("acme", days_before(day, 1))
    for night in range(-40, 1, 20):
        sweep(nights=night)
    (cohort,) = monitoring.cohorts().cohorts(*PLACE)
    arm = cohort.untreated
    assert cohort.week == "2026-W08"
    assert [sum(each) for each in (arm.labelled.rows, arm.events, arm.excluded, arm.overdue)] == [2, 1, 1, 1]
    assert sum(cohort.treated.events) == 1
    assert cohort.groups["sex=female"].rows == 4
    report(overdue)
    sweep(nights=7)
    (again,) = monitoring.cohorts().cohorts(*PLACE)
    assert (sum(again.untreated.overdue), sum(again.untreated.events)) == (0, 2)


def test_outcomes_of_a_trial_are_weighed_before_and_after_the_promotion(client, sweep, events):
    publish_version(6)
    publisher = prediction.publisher({KEY.key_id: KEY.public})
    publisher.promote("toy", 6, "challenger")
    day = "2026-01-20"  # labels are final on 2026-02-17
    for number in range(300):
        past = Past(day, number, probability=0.2)
        due_at = f"2026-02-17T08:00:00.{number:06}Z"
        answers = Comparison(ModelAnswer(1, 0.2, "wait"), ModelAnswer(6, 0.6, "wait"), due_at)
        client.put_item(TableName="decisions", Item=row_item(replace(past.row(), comparison=answers)))
        report(past, "not_occurred" if number % 5 else "occurred")
    put_decisions(client, [Past(DAY, 400)])
    sweep()
    trial = monitoring.trials().load("acme", "toy", 1)
    assert (trial.challenger, trial.day, trial.evidence.labelled, trial.evidence.verdict) == (6, DAY, 300, "worse")
    publisher.promote("toy", 6)
    put_decisions(client, [Past("2026-03-08", 401, version=6)])
    for night in (7, 14):
        sweep(nights=night)
    (record,) = monitoring.findings().findings("acme", "toy")
    assert (record.finding.kind, record.finding.version, record.finding.day) == ("release", 6, "2026-03-08")
    assert events == ["findings.opened"]


def test_a_shift_is_one_finding_with_one_alert_over_three_nights(client, sweep, events):
    settle()
    for night in range(3):
        put_decisions(client, past_day(days_before(DAY, -night), 40, subject="", visits=39))
        sweep(nights=night)
    (record,) = monitoring.findings().findings("acme", "toy")
    finding = record.finding
    assert (finding.kind, finding.subjects, finding.day) == ("feed", ("visits",), DAY)
    assert events == ["findings.opened"]
    profiles = list(monitoring.profiles().profiles(*PLACE, "2025-01-01", "2026-12-31"))
    rebuilt, _ = DriftJudge(1, "single", monitoring.models().version("toy", 1).layout).rebuild(profiles)
    assert to_bytes(monitoring.drift_states().load(*PLACE)) == to_bytes(rebuilt)


def test_the_sweep_publishes_the_accuracy_and_the_findings_of_a_model(client, sweep, caplog):
    put_decisions(client, [Past(DAY, number) for number in range(50)])
    sweep()
    (fields,) = [record.fields for record in caplog.records if record.msg == "ModelHealth"]
    (directive,) = fields["_aws"]["CloudWatchMetrics"]
    units = {each["Name"]: each["Unit"] for each in directive["Metrics"]}
    assert (directive["Dimensions"], units) == ([["service", "model"]], {"OpenFindings": "Count", "ModelAuc": "None"})
    assert (fields["model"], fields["OpenFindings"], 0.5 <= fields["ModelAuc"] <= 1) == ("toy", 0.0, True)
    assert "tenant_id" not in fields


def test_a_late_decision_builds_the_state_again(client, sweep):
    put_decisions(client, past_day(DAY, 9))
    sweep()
    put_decisions(client, [Past(DAY, 90, age=3.0), *past_day("2026-03-02", 9)])
    sweep(nights=1)
    profiles = list(monitoring.profiles().profiles(*PLACE, "2025-01-01", "2026-12-31"))
    rebuilt, _ = DriftJudge(1, "single", monitoring.models().version("toy", 1).layout).rebuild(profiles)
    assert profiles[-2].rows == 10
    assert monitoring.drift_states().load(*PLACE) == rebuilt


def test_a_new_baseline_begins_after_its_day(client, sweep):
    put_decisions(client, past_day(DAY, 9))
    sweep()
    start = baseline_start(1, date.fromisoformat(DAY).toordinal())
    monitoring.drift_states().save(*PLACE, start, ())
    put_decisions(client, past_day("2026-03-02", 8))
    sweep(nights=1)
    state = monitoring.drift_states().load(*PLACE)
    assert (state.revision, state.rows, state.days, state.settling) == (1, 8, 1, True)
    assert date.fromordinal(state.first) == date(2026, 3, 2)


def test_the_role_grants_its_calls_only(client, sweep, monkeypatch):
    actions = set()

    def recording(make, service, operation, arguments):
        actions.add(f"{service}:{operation}")
        actions.update(f"{service}:{verb}Item" for part in arguments.get("TransactItems", ()) for verb in part)
        return make(operation, arguments)

    settle()
    report(Past(DAY, 1))
    put_decisions(client, past_day(DAY, 40, subject="", visits=39))
    monitoring.progress().put_due_weeks(*PLACE, DAY, {"2026-W08": 1})
    replace_calls(monkeypatch, recording)
    sweep()
    service_calls = {action for action in actions if not action.startswith("kms")}
    assert service_calls - {TRANSACTION} == granted("MonitoringSweep") - {"dynamodb:UpdateItem"} | {
        "dynamodb:UpdateItem"
    }
