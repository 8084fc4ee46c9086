"""Contracts of the stores of monitoring, for the fakes and DynamoDB."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest

from cli.monitoring.stores import MemoryCohorts, MemoryFindings, MemoryProfiles, MemoryStates, MemoryTrials
from vigil.aws.tenant_guard import TenantViolation, confine_to, guard_client
from vigil.errors import Conflict, NotFound
from vigil.monitoring.drift.layout_model import Layout
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.ports import MAX_FINDINGS_PER_SAVE
from vigil.monitoring.drift.state_model import baseline_start
from vigil.monitoring.drift.store import DynamoDriftStates
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.findings.store import DynamoFindings
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision
from vigil.monitoring.performance.store import DynamoCohorts
from vigil.monitoring.profiles.counting_model import CountedDecision, FeatureCells, ProfileCounter
from vigil.monitoring.profiles.store import DynamoProfiles
from vigil.monitoring.trials.model import WeighedTrial
from vigil.monitoring.trials.store import DynamoTrials
from vigil.prediction.packages.reference_model import FeatureReference
from vigil.prediction.trials.evidence_model import TrialEvidence
from vigil.prediction.trials.intervals_model import MeanInterval

FINDING = Finding(
    3, "single", "covariates", "population", ("age",), "2026-11-21", "2026-11-15",
    Effect("mean_shift_sd", 0.4, 0.2, 0.6), 2_000.0, "watch", "age is distributed differently.",
)  # fmt: skip
LAYOUT = Layout((FeatureReference("age", "input", (40.0,), (0, 0), 0),), bands=("low", "high"))
JUDGE = DriftJudge(3, "single", LAYOUT)


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request):
    """Profiles, cohorts, findings and states of drift."""
    if request.param == "fake":
        return MemoryProfiles(), MemoryCohorts(), (findings := MemoryFindings()), MemoryStates(findings)
    client = request.getfixturevalue("dynamodb")
    findings = DynamoFindings(client, "monitoring")
    states = DynamoDriftStates(client, "monitoring", findings)
    return DynamoProfiles(client, "monitoring"), DynamoCohorts(client, "monitoring"), findings, states


def profile(day, rows=2, source="single"):
    counter = ProfileCounter([FeatureCells((40.0,), 2)])
    for number in range(rows):
        counter.add(
            CountedDecision(f"d{number}", f"s{number}", day, (30.0 + 9 * number,), 0.2, "low", "negative", False)
        )
    return counter.profile(day, source, rows)


def record(finding=FINDING):
    return FindingRecord(finding_id("acme", "iit", finding), "iit", finding)


def decided(state="acknowledged"):
    return replace(record(), state=state, decided_by="key_1", reason="new supplier", decided_at="2026-11-22T08:00:00Z")


def test_profiles_of_a_range_are_in_the_order_of_days(stores):
    profiles, *_ = stores
    days = ["2026-09-30", "2026-10-09", "2026-10-10", "2026-10-31", "2026-11-01"]
    for day in reversed(days):
        profiles.put("acme", "iit", 3, profile(day))
    for version, source in ((3, "batch"), (30, "single"), (4, "single")):
        profiles.put("acme", "iit", version, profile("2026-10-09", source=source))
    profiles.put("acme", "iit", 3, profile("2026-10-10", rows=7))
    found = list(profiles.profiles("acme", "iit", 3, "single", "2026-10-09", "2026-10-31"))
    assert found == [profile("2026-10-09"), profile("2026-10-10", rows=7), profile("2026-10-31")]
    assert not list(profiles.profiles("globex", "iit", 3, "single", "2026-01-01", "2026-12-31"))


def test_cohorts_of_a_version_are_in_the_order_of_weeks(stores):
    _, cohorts, *_ = stores
    for week in ("2026-W47", "2026-W09", "2025-W52"):
        cohorts.put("acme", "iit", 3, "single", Cohort(week))
    cohorts.put("acme", "iit", 3, "batch", Cohort("2026-W48"))
    assert [each.week for each in cohorts.cohorts("acme", "iit", 3, "single")] == ["2025-W52", "2026-W09", "2026-W47"]
    assert not list(cohorts.cohorts("acme", "iit", 2, "single"))


def test_a_cohort_replaces_the_earlier_one_of_its_week(stores):
    _, cohorts, *_ = stores
    due = datetime(2026, 11, 18, tzinfo=UTC)
    later = Cohort.of("2026-W47", [DueDecision(0.2, False, due, "occurred")], due)
    for cohort in (Cohort("2026-W47"), later, later):
        cohorts.put("acme", "iit", 3, "single", cohort)
    assert list(cohorts.cohorts("acme", "iit", 3, "single")) == [later]


def test_a_large_cohort_is_refused(stores, monkeypatch):
    monkeypatch.setattr("vigil.monitoring.performance.cohorts_model.MAX_COHORT_BYTES", 10)
    with pytest.raises(ValueError, match="at most 10 bytes"):
        stores[1].put("acme", "iit", 3, "single", Cohort("2026-W47"))


def test_a_finding_is_stored_once(stores):
    _, _, findings, _ = stores
    assert findings.add("acme", "iit", FINDING)
    assert not findings.add("acme", "iit", FINDING)
    assert findings.get("acme", "iit", record().finding_id) == record()
    assert list(findings.findings("acme", "iit")) == [record()]


def test_findings_are_listed_with_the_newest_day_first(stores):
    _, _, findings, _ = stores
    days = ["2026-11-21", "2026-12-01", "2026-10-30"]
    for day in days:
        findings.add("acme", "iit", replace(FINDING, day=day))
    assert [each.finding.day for each in findings.findings("acme", "iit")] == sorted(days, reverse=True)


def test_a_finding_is_decided_once(stores):
    _, _, findings, _ = stores
    findings.add("acme", "iit", FINDING)
    findings.decide("acme", decided())
    assert findings.get("acme", "iit", record().finding_id) == decided()
    with pytest.raises(Conflict, match="decided already"):
        findings.decide("acme", decided("rebased"))
    findings.add("acme", "iit", FINDING)
    assert findings.get("acme", "iit", record().finding_id) == decided()


def test_a_published_state_is_stored_with_its_finding(stores):
    _, _, findings, _ = stores
    findings.add("acme", "iit", FINDING)
    findings.mark_published("acme", record())
    assert findings.get("acme", "iit", record().finding_id) == replace(record(), published_state="open")
    findings.decide("acme", replace(decided(), published_state="open"))
    assert findings.get("acme", "iit", record().finding_id) == replace(decided(), published_state="open")


def test_a_finding_of_another_tenant_is_not_found(stores):
    _, _, findings, _ = stores
    findings.add("acme", "iit", FINDING)
    for call in (
        lambda: findings.get("globex", "iit", record().finding_id),
        lambda: findings.decide("globex", decided()),
    ):
        with pytest.raises(NotFound):
            call()
    assert not list(findings.findings("globex", "iit"))


def test_a_state_is_saved_with_its_findings(stores):
    _, _, findings, states = stores
    assert states.load("acme", "iit", 3, "single") is None
    state, _ = JUDGE.advance(JUDGE.start(), profile("2026-11-21"))
    states.save("acme", "iit", 3, "single", state, [FINDING])
    assert states.load("acme", "iit", 3, "single") == state
    assert list(findings.findings("acme", "iit")) == [record()]
    assert states.load("acme", "iit", 3, "batch") is None


def test_a_state_with_a_known_finding_keeps_the_decision(stores):
    _, _, findings, states = stores
    state, _ = JUDGE.advance(JUDGE.start(), profile("2026-11-21"))
    findings.add("acme", "iit", FINDING)
    findings.decide("acme", decided())
    later = replace(FINDING, day="2026-11-22")
    states.save("acme", "iit", 3, "single", state, [FINDING, later])
    assert states.load("acme", "iit", 3, "single") == state
    assert list(findings.findings("acme", "iit")) == [record(later), decided()]


def test_a_state_of_an_earlier_baseline_is_refused_with_its_findings(stores):
    _, _, findings, states = stores
    old, _ = JUDGE.advance(JUDGE.start(), profile("2026-11-21"))
    states.save("acme", "iit", 3, "single", old, [])
    new = baseline_start(1, date(2026, 11, 25).toordinal())
    states.save("acme", "iit", 3, "single", new, [])
    with pytest.raises(Conflict):
        states.save("acme", "iit", 3, "single", old, [FINDING])
    assert states.load("acme", "iit", 3, "single") == new
    assert not list(findings.findings("acme", "iit"))


def test_a_state_of_an_unknown_format_loses_only_its_sensors(dynamodb):
    states = DynamoDriftStates(dynamodb, "monitoring", DynamoFindings(dynamodb, "monitoring"))
    after = date(2026, 11, 20).toordinal()
    state, _ = JUDGE.advance(JUDGE.start(2, after), profile("2026-11-21"))
    states.save("acme", "iit", 3, "single", state, [])
    (item,) = dynamodb.scan(TableName="monitoring")["Items"]
    dynamodb.put_item(TableName="monitoring", Item=item | {"state": {"B": b"\x00"}})
    assert states.load("acme", "iit", 3, "single") == baseline_start(2, after)


@pytest.mark.parametrize("kind", ["memory", "dynamodb"])
def test_the_last_weighed_trial_of_a_champion_is_stored(kind, request):
    trials = MemoryTrials() if kind == "memory" else DynamoTrials(request.getfixturevalue("dynamodb"), "monitoring")
    few = WeighedTrial(4, "2026-11-15", TrialEvidence("undecided", None, None, None, None))
    later = WeighedTrial(5, "2026-11-22", TrialEvidence("worse", 90, 0.5, 21.5, MeanInterval(0.01, None, None)))
    for trial in (few, later):
        trials.put("acme", "iit", 3, trial)
        assert trials.load("acme", "iit", 3) == trial
    assert trials.load("acme", "iit", 30) is trials.load("globex", "iit", 3) is None


def test_too_many_findings_of_one_state_are_refused(stores):
    *_, states = stores
    with pytest.raises(ValueError, match="at most 50 findings"):
        states.save("acme", "iit", 3, "single", JUDGE.start(), [FINDING] * (MAX_FINDINGS_PER_SAVE + 1))


def test_items_expire_800_days_after_their_day(dynamodb):
    findings = DynamoFindings(dynamodb, "monitoring")
    findings.add("acme", "iit", FINDING)
    DynamoProfiles(dynamodb, "monitoring").put("acme", "iit", 3, profile("2026-11-21"))
    DynamoCohorts(dynamodb, "monitoring").put("acme", "iit", 3, "single", Cohort("2026-W47"))
    state, _ = JUDGE.advance(JUDGE.start(), profile("2026-11-21"))
    DynamoDriftStates(dynamodb, "monitoring", findings).save("acme", "iit", 3, "single", state, [])
    items = dynamodb.scan(TableName="monitoring")["Items"]
    expiries = {
        item["sk"]["S"].partition("#")[0]: datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC) for item in items
    }
    end = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(days=800)
    assert expiries == dict.fromkeys(("DAY", "STATE", "FOUND"), end) | {"COHORT": end - timedelta(days=5)}


def test_stores_are_confined_to_the_served_tenant(dynamodb):
    guard_client(client := boto3.client("dynamodb"), "packages")
    findings = DynamoFindings(client, "monitoring")
    states = DynamoDriftStates(client, "monitoring", findings)
    calls = (
        lambda: list(DynamoProfiles(client, "monitoring").profiles("globex", "iit", 3, "single", "2026", "2027")),
        lambda: DynamoProfiles(client, "monitoring").put("globex", "iit", 3, profile("2026-11-21")),
        lambda: list(DynamoCohorts(client, "monitoring").cohorts("globex", "iit", 3, "single")),
        lambda: list(findings.findings("globex", "iit")),
        lambda: states.load("globex", "iit", 3, "single"),
        lambda: states.save("globex", "iit", 3, "single", baseline_start(1, 1), []),
        lambda: DynamoTrials(client, "monitoring").load("globex", "iit", 3),
    )
    with confine_to("acme"):
        assert findings.add("acme", "iit", FINDING)
        for call in calls:
            with pytest.raises(TenantViolation):
                call()
