"""Each check of a runbook names its fault, finds a healthy deployment in order, and survives a source that is away."""

from datetime import timedelta

import pytest

from tests.support.breaker_processes import NAME
from tests.support.checked_deployment import API, ENDED, LEAKED, CheckedDeployment
from vigil.errors import ModelRefused, NotFound
from vigil.operations.diagnosis.model import (
    ChampionState,
    FiringAlarm,
    KnownFailure,
    Metric,
    PastDecision,
    ProbeAnswer,
)
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.functions_model import FunctionVersion, LiveAlias
from vigil.outbound.breakers.model import Counts

ROUTE = (("service", "scoring-api"), ("route", "/v1/scores"))
ERRORS, LATENCY = Metric("Vigil", "ServerErrors", ROUTE), Metric("Vigil", "Latency", ROUTE)
ANSWERS, FAILED = Metric("AWS/ApiGateway", "Count", API), Metric("AWS/ApiGateway", "5XXError", API)
FUNCTION_ERRORS = Metric("AWS/Lambda", "Errors", (("FunctionName", "stack-scoring-api"),))
THROTTLES = Metric("AWS/DynamoDB", "WriteThrottleEvents", (("TableName", "decisions"),))
REFUSED = Metric("Vigil", "SignInsRefused", (("service", "authorizer"), ("limit", "failed-sign-ins")))
BREACHES = Metric("Vigil", "Breaches", (("breach", "tenant-trespass"),))
FORGERIES = Metric("Vigil", "Breaches", (("breach", "forged-signature"),))


@pytest.fixture
def deployment():
    return CheckedDeployment()


def decisions(count, abstained=0):
    """Return decisions of which the first ones abstain."""
    return [PastDecision("acme", f"dec-{n}", 2, "2026-03-01T11:00:00Z", n < abstained) for n in range(count)]


def rate(errors, requests):
    return {(ERRORS, "Sum"): errors, (LATENCY, "SampleCount"): requests}


FAULTS = {
    "is_ready": (
        lambda each: setattr(each.sources, "answer", ProbeAnswer(503, 20.4)),
        (("status", "503"), ("latency_ms", "20")),
    ),
    "errors_and_throttles": (
        lambda each: each.sources.metrics.update({(FUNCTION_ERRORS, "Sum"): 7}),
        (("scoring_api", "7 errors in 15 minutes"),),
    ),
    "last_deployment": (
        lambda each: (
            each.sources.published.append(FunctionVersion(3, "2026-03-01T11:30:00.000+0000"))
            or setattr(each.sources, "alias", LiveAlias(2, "r", canary=3))
        ),
        (("scoring_api", "version 3 of 2026-03-01T11:30:00.000+0000, before it 2"),),
    ),
    "error_rate_by_route": (
        lambda each: each.sources.metrics.update(rate(2, 100)),
        (("scoring-api /v1/scores", "2 of 100"),),
    ),
    "rate_below_threshold": (
        lambda each: each.sources.metrics.update(rate(5, 5)),
        (("scoring-api /v1/scores", "5 of 5"),),
    ),
    "newest_error_groups": (
        lambda each: each.sources.groups.append(KnownFailure("grp-1", "regressed", "KeyError", "2026-03-01")),
        (("grp-1", "KeyError, regressed, last at 2026-03-01"),),
    ),
    "circuits": (lambda each: each.process.fail(), ((NAME, "open"),)),
    "package_and_golden_rows": (
        lambda each: each.sources.champions.update(toy=ChampionState(2, "digest_mismatch")),
        (("toy", "version 2: digest_mismatch"),),
    ),
    "refusals_and_abstention": (
        lambda each: each.sources.decisions.extend(decisions(20, abstained=11)),
        (("toy", "11 of 20 recent decisions abstain"),),
    ),
    "replay_recent_decisions": (
        lambda each: each.sources.decisions.extend(decisions(2)) or each.sources.reproduced.update({"dec-1": False}),
        (("dec-1", "toy version 2: another answer"), ("toy version 2", "2 of the recent decisions")),
    ),
    "tables_answer": (
        lambda each: each.data.away.add("usage"),
        (("usage", "no answer"), ("decisions", "4 ms")),
    ),
    "table_throttles": (
        lambda each: each.data.metrics.update({(THROTTLES, "Sum"): 12}),
        (("decisions", "12 WriteThrottleEvents"),),
    ),
    "queues_and_dead_letters": (
        lambda each: each.jobs.queues.extend(["batch-chunks", "batch-chunks"]),
        (("batch-chunks", "3 waiting, 0 dead, 2 parked"),),
    ),
    "restore_window": (
        lambda each: each.data.unrecoverable.add("usage"),
        (("usage", "point-in-time recovery is off"), ("decisions", "2026-02-01 to 2026-03-01")),
    ),
    "scope_of_breach": (
        lambda each: each.sources.metrics.update({(REFUSED, "Sum"): 3}),
        (
            (LEAKED, "valid, role member, last used 2026-03-01"),
            ("authorizer failed-sign-ins", "3 refusals of sign-ins in 24 hours"),
            (ENDED, "revoked at 2026-03-01T11:00:00Z"),
        ),
    ),
    "audit_and_isolation": (
        lambda each: (
            each.sources.metrics.update({(BREACHES, "Sum"): 1, (FORGERIES, "Sum"): 1})
            or each.sources.alarms.append(FiringAlarm("usage-not-the-ledger", "2026-03-01"))
        ),
        (("usage-not-the-ledger", "fires since 2026-03-01"), ("tenant-trespass", "1 broken rules in 24 hours")),
    ),
}
"""Fault of a deployment, and the facts that name it, by check."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_by_its_check(deployment, name):
    plant, facts = FAULTS[name]
    plant(deployment)
    found = deployment.run(name)
    assert (found.verdict, found.facts) == ("faulty", facts)


@pytest.mark.parametrize("name", FAULTS)
def test_a_healthy_deployment_is_in_order(deployment, name):
    deployment.keys.revoked.add(LEAKED)
    deployment.sources.decisions.extend(decisions(1))
    deployment.sources.metrics[ANSWERS, "Sum"] = 100
    assert deployment.run(name).verdict == "ok"


@pytest.mark.parametrize("name", ["error_rate_by_route", "rate_below_threshold"])
def test_requests_that_all_time_out_are_a_fault_of_the_api(deployment, name):
    deployment.sources.metrics |= {(ANSWERS, "Sum"): 90, (FAILED, "Sum"): 90}
    found = deployment.run(name)
    assert (found.verdict, found.facts) == ("faulty", (("API Gateway", "90 of 90"),))


@pytest.mark.parametrize(("name", "minutes"), [("error_rate_by_route", 15), ("rate_below_threshold", 2)])
def test_a_deployment_without_traffic_has_no_error_rate(deployment, name, minutes):
    found = deployment.run(name)
    assert (found.verdict, f"of the last {minutes} minutes" in found.summary) == ("unknown", True), found


MISSING = {
    "errors_and_throttles": (Scope("i", function="typo"), "A function was not found", ("typo", "not found")),
    "last_deployment": (Scope("i", function="typo"), "A function was not found", ("typo", "not found")),
    "circuits": (Scope("i", tenant_id="typo"), "The tenant of the incident was not found", None),
    "queues_and_dead_letters": (Scope("i", queue="typo"), "Allowed are: batch-chunks.", None),
    "refusals_and_abstention": (Scope("i", model="typo"), "No recent decision was found", None),
    "replay_recent_decisions": (Scope("i", model="typo"), "champions: toy.", None),
}
"""Scope whose subject does not exist, part of the sentence about it, and its fact, by check."""


@pytest.mark.parametrize("name", MISSING)
def test_a_subject_that_is_not_found_gives_an_unknown_verdict(deployment, name):
    scope, sentence, fact = MISSING[name]
    found = deployment.run(name, scope)
    assert (found.verdict, sentence in found.summary) == ("unknown", True), found
    assert fact is None or fact in found.facts


@pytest.mark.parametrize(
    ("subject", "sentence"),
    [
        ({"tenant_id": "acme", "key_ids": ("c" * 16,)}, "A key of the incident was not found."),
        ({"tenant_id": "typo"}, "The tenant of the incident was not found."),
        ({"tenant_id": "typo", "key_ids": (ENDED,)}, "The tenant of the incident was not found."),
        ({"key_ids": (LEAKED,)}, "The incident has keys without their tenant."),
    ],
)
def test_an_owner_or_key_that_is_not_found_is_unknown(deployment, subject, sentence):
    found = deployment.run("scope_of_breach", Scope("i", **subject))
    assert (found.verdict, found.summary.startswith(sentence)) == ("unknown", True), found


def test_a_deployment_without_any_champion_is_unknown(deployment):
    deployment.sources.champions.clear()
    found = deployment.run("package_and_golden_rows", Scope("i"))
    assert (found.verdict, found.summary.startswith("No model has a champion")) == ("unknown", True)


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"circuits", "is_ready"}))
def test_a_source_that_is_away_gives_an_unknown_verdict(deployment, name):
    deployment.sources.is_away = deployment.data.is_away = True
    found = deployment.run(name)
    assert (found.verdict, found.facts) == ("unknown", (("error", "Unavailable"),))
    assert found.summary == "The source did not answer."


@pytest.mark.parametrize(
    ("result", "fault"),
    [(ModelRefused("expired", "too old"), "expired"), (NotFound("erased"), None), (True, None)],
)
def test_a_replay_that_cannot_run_is_told_apart_from_an_erased_one(deployment, result, fault):
    deployment.sources.decisions.extend(decisions(1))
    deployment.sources.reproduced["dec-0"] = result
    found = deployment.run("replay_recent_decisions")
    assert found.verdict == ("faulty" if fault else "ok")
    assert fault is None or fault in found.facts[0][1]


def test_few_errors_and_few_decisions_are_no_fault(deployment):
    deployment.sources.metrics |= rate(1, 100)
    deployment.sources.decisions.extend(decisions(19, abstained=19))
    assert deployment.run("error_rate_by_route").verdict == "ok"
    assert deployment.run("refusals_and_abstention").verdict == "ok"


def test_a_first_version_and_an_old_one_are_no_recent_deployment(deployment):
    deployment.sources.published = [FunctionVersion(1, "2026-03-01T11:59:00.000+0000")]
    deployment.sources.alias = LiveAlias(1, "r")
    assert deployment.run("last_deployment").verdict == "ok"


def test_a_closed_circuit_with_many_failed_calls_is_faulty(deployment):
    deployment.process.store.record(deployment.process.circuit, 1, Counts(answered=2, failed=6))
    found = deployment.run("circuits")
    assert found.facts == ((NAME, "closed, 6 of 8 recent calls failed"),)


def test_evidence_has_at_most_twenty_facts(deployment):
    deployment.data.tables = {f"t{number}": timedelta() for number in range(30)}
    assert len(deployment.run("tables_answer").facts) == 20
