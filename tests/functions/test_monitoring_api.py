"""The deployed API of health reports and findings, and the promotions that a finding blocks."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.functions.rights import TRANSACTION, answers, granted
from tests.support.deployments import KEY
from tests.support.gateway import Context, event
from tests.support.monitored_worlds import FINDING, LAST_DAY, NOW, count_days
from vigil.bootstrap import monitoring, process
from vigil.kernel.tenants import PERMISSIONS
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.findings.identity_model import finding_id
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.verification import Release, build_package

HEALTH = "/v1/models/toy/health"
REASON = {"reason": "The programme now gives longer supplies."}
OURS = replace(FINDING, version=1)
FAIRNESS = replace(OURS, family="fairness", kind="fairness", subjects=("sex=female",), recommendation="review")
DECISIONS = ("acknowledge", "rebase")
ENDPOINTS = [("GET", HEALTH), ("GET", f"{HEALTH}/findings"), ("GET", f"{HEALTH}/findings/x")]
CHANGES = [("POST", f"{HEALTH}/findings/x/{decision}") for decision in DECISIONS]


@pytest.fixture
def api(clock, published):
    """Return a function that sends a request of an administrator to the deployed API, on the morning of a report."""
    from functions.monitoring_api.handler import lambda_handler

    clock.now = NOW

    def call(method, path=HEALTH, role="admin", **kwargs):
        answer = lambda_handler(event(method, path, role=role, **kwargs), Context())
        is_json = "json" in answer["headers"]["content-type"]
        return answer["statusCode"], json.loads(answer["body"]) if is_json else answer

    return call


@pytest.fixture
def published_kinds(monkeypatch, published):
    """Return the kinds of the events of the bus, in the order of their publication."""
    from vigil.alerting.events.store import EventBridgeBus

    kinds, publish = [], EventBridgeBus.publish

    def recorded(bus, found):
        kinds.extend(each.kind for each in found)
        return publish(bus, found)

    monkeypatch.setattr(EventBridgeBus, "publish", recorded)
    return kinds


def store(*findings):
    """Store findings of the tenant `acme` and return their ids."""
    for finding in findings:
        monitoring.findings().add("acme", "toy", finding)
    return [finding_id("acme", "toy", finding) for finding in findings]


def fill():
    """Store the profiles of 35 days and the state of drift after them."""
    version = monitoring.models().version("toy", 1)
    days = count_days(version.layout, 35, LAST_DAY)
    state, _ = DriftJudge(1, "single", version.layout).rebuild(days)
    for day in days:
        monitoring.profiles().put("acme", "toy", 1, day)
    monitoring.drift_states().save("acme", "toy", 1, "single", state, ())


def test_anonymous_is_refused(api):
    found = [api(method, path, tenant=None, body=REASON)[0] for method, path in ENDPOINTS + CHANGES]
    assert found == [401] * 5


def test_only_administrators_and_operators_decide(api):
    found = {role: {api(*change, role=role, body=REASON)[0] for change in CHANGES} for role in PERMISSIONS}
    assert found == {"producer": {403}, "viewer": {403}, "member": {403}, "admin": {404}, "operator": {404}}


def test_a_report_has_rounded_counts(api):
    fill()
    status, report = api("GET", role="viewer")
    assert (status, report["version"], report["until"]) == (200, 1, LAST_DAY.isoformat())
    assert report["status"]["state"] == "settling"
    assert report["volume"]["decisions"] == 1680
    assert {row["rows"] for row in report["trend"]} == {420}


def test_a_report_of_another_tenant_has_no_counts(api):
    fill()
    store(OURS)
    status, report = api("GET", tenant="globex")
    assert (status, report["volume"]["decisions"], report["trend"]) == (200, None, [])
    assert report["status"]["state"] == "settling"
    assert api("GET", f"{HEALTH}/findings", tenant="globex")[1]["items"] == []


def test_the_page_has_a_strict_policy_and_no_script(api):
    fill()
    _, answer = api("GET", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    headers, page = answer["headers"], answer["body"]
    style = re.search("<style>(.*)</style>", page, re.DOTALL)[1]
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert hashed in headers["content-security-policy"]
    assert headers["content-type"].startswith("text/html")
    assert (answer["isBase64Encoded"], "<script" in page) == (False, False)
    assert len(page.encode()) <= 150_000
    ElementTree.fromstring(page.encode())  # noqa: S314 - a page of our own


@pytest.mark.parametrize(
    ("kind", "attribute", "paths"),
    [("DAY", "counts", [HEALTH]), ("FOUND", "finding", [HEALTH, f"{HEALTH}/findings", f"{HEALTH}/findings/x"])],
)
def test_damaged_items_are_a_problem_that_names_them(api, kind, attribute, paths):
    fill()
    (found,) = store(OURS)
    client = process.client("dynamodb")
    item = next(each for each in _items(client) if each["sk"]["S"].startswith(kind))
    client.put_item(TableName="monitoring", Item=item | {attribute: {"N": "5"}})
    for path in paths:
        status, problem = api("GET", path.replace("/x", f"/{found}"))
        assert (status, problem["type"]) == (500, "urn:vigil:problem:damaged-data")
        assert problem["detail"] == (
            f"{item['sk']['S']} of toy in the monitoring table is damaged: it must have the attribute "
            f"{attribute} of the type {'B' if kind == 'DAY' else 'S'}. An operator must delete it."
        )


def _items(client):
    """Return the stored items of monitoring about the model."""
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "acme#toy"}}}
    return client.query(TableName="monitoring", **query)["Items"]


def test_other_clients_get_json(api):
    for accept in ("application/json", "*/*", "application/json, text/html"):
        assert api("GET", headers={"Accept": accept})[1]["model"] == "toy"


def test_a_wrong_request_names_the_field(api):
    wrong = ({"until": "2999-01-01"}, {"until": "yesterday"}, {"version": "0"}, {"source": "both"})
    for query in wrong:
        status, problem = api("GET", query=query)
        assert (status, [each["field"] for each in problem["errors"]]) == (422, [*query])


def test_an_unknown_model_or_version_is_not_found(api):
    assert api("GET", "/v1/models/other/health")[0] == api("GET", query={"version": "9"})[0] == 404


def test_findings_are_paged_newest_first(api):
    days = [f"2026-11-{day:02}" for day in range(1, 6)]
    store(*(replace(OURS, day=day) for day in days))
    shown, query = [], {"limit": "2"}
    while query:
        _, page = api("GET", f"{HEALTH}/findings", role="viewer", query=query)
        shown += [item["day"] for item in page["items"]]
        query = {"limit": "2", "cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert shown == days[::-1]


def test_a_cursor_of_another_model_or_state_is_refused(api):
    store(OURS, replace(OURS, day="2026-11-30"))
    cursor = api("GET", f"{HEALTH}/findings", query={"limit": "1"})[1]["next_cursor"]
    for path, query in ((f"{HEALTH}/findings", {"state": "open"}), ("/v1/models/other/health/findings", {})):
        assert api("GET", path, query=query | {"cursor": cursor})[0] == 400


def test_a_finding_shows_two_digits_and_its_next_step(api):
    (identity,) = store(OURS)
    _, finding = api("GET", f"{HEALTH}/findings/{identity}", role="viewer")
    assert finding["effect"] == {"measure": "mean_shift_sd", "value": 0.42, "low": 0.36, "high": 0.48}
    assert (finding["state"], finding["e_value"], finding["decided_by"]) == ("open", 5200.0, None)
    assert finding["next_step"].startswith("Watch the model.")


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_is_stored_published_and_final(api, published_kinds, decision):
    fill()
    (identity,) = store(OURS)
    path = f"{HEALTH}/findings/{identity}"
    status, decided = api("POST", f"{path}/{decision}", body=REASON)
    assert (status, decided["decided_by"], decided["reason"]) == (200, "admin:0123456789abcdef", REASON["reason"])
    assert api("GET", path)[1] == decided
    for again in DECISIONS:
        status, problem = api("POST", f"{path}/{again}", body=REASON)
        assert (status, "a decision is final" in problem["detail"]) == (409, True)
    assert published_kinds == ["findings.decided"]


def test_a_repeated_request_with_a_key_has_one_effect(api, published_kinds):
    (identity,) = store(OURS)
    sent = {"body": REASON, "headers": {"Idempotency-Key": "once"}}
    first, second = (api("POST", f"{HEALTH}/findings/{identity}/acknowledge", **sent) for _ in range(2))
    assert first == second
    assert published_kinds == ["findings.decided"]


def test_a_decision_needs_a_reason_of_10_to_500_characters(api):
    (identity,) = store(OURS)
    path = f"{HEALTH}/findings/{identity}"
    reasons = ("", "too short", "x" * 501, " " * 20, "\u200b" * 20, 7)
    for body in ({}, *({"reason": reason} for reason in reasons)):
        status, problem = api("POST", f"{path}/acknowledge", body=body)
        assert (status, [each["field"] for each in problem["errors"]]) == (422, ["reason"])
    assert api("GET", path)[1]["state"] == "open"


def test_a_rebase_starts_a_new_baseline(api):
    fill()
    (identity,) = store(OURS)
    before = monitoring.drift_states().load("acme", "toy", 1, "single")
    api("POST", f"{HEALTH}/findings/{identity}/rebase", body=REASON)
    after = monitoring.drift_states().load("acme", "toy", 1, "single")
    assert (after.revision, after.after, after.sensors) == (before.revision + 1, before.through, ())
    assert api("GET")[1]["status"]["state"] == "settling"


def test_a_finding_about_a_group_has_no_baseline(api):
    (identity,) = store(FAIRNESS)
    status, problem = api("POST", f"{HEALTH}/findings/{identity}/rebase", body=REASON)
    assert (status, "acknowledge it instead" in problem["detail"]) == (409, True)


def test_an_open_finding_about_a_group_blocks_promotions(api, published, trained):
    from functions.trials_api.handler import lambda_handler as trials

    def promote():
        body = {"version": 2, "alias": "challenger"}
        sent = event("POST", "/v1/models/toy/promote", tenant="vendor", role="operator", body=body)
        answer = trials(sent, Context())
        return answer["statusCode"], json.loads(answer["body"])

    release = Release(2, process.now(), process.now() + timedelta(days=30))
    published.publish(build_package(trained, release, KEY, load_engine))
    identity, _ = store(FAIRNESS, OURS)
    status, problem = promote()
    assert status == 409
    for text in (identity, "acme", f"vigil models acknowledge toy {identity}"):
        assert text in problem["detail"]
    assert api("POST", f"{HEALTH}/findings/{identity}/acknowledge", body=REASON)[0] == 200
    assert promote()[0] == 200


def test_the_sample_event_is_handled(api):
    from functions.monitoring_api.handler import lambda_handler

    sample = json.loads((Path(__file__).parents[2] / "events" / "monitoring_api.json").read_text())
    assert lambda_handler(sample, Context())["statusCode"] == 404  # the deployment has no wdbc model


def test_the_monitoring_api_calls_exactly_the_granted_actions(called):
    from functions.monitoring_api.handler import lambda_handler

    actions, _ = called
    first, second = store(replace(FINDING, version=1), replace(FINDING, version=1, day="2026-11-30"))
    fill()
    actions.clear()
    process.forget()
    requests = [
        ("GET", HEALTH, {}, 200),
        ("GET", f"{HEALTH}/findings", {"query": {"limit": "1"}}, 200),
        ("POST", f"{HEALTH}/findings/{first}/acknowledge", {"body": REASON}, 200),
        ("POST", f"{HEALTH}/findings/{second}/rebase", {"body": REASON}, 200),
        ("POST", f"{HEALTH}/findings/{second}/rebase", {"body": {"reason": "another reason"}}, 409),
    ]
    keyed = [
        (method, path, more | ({"headers": {"Idempotency-Key": str(number)}} if method == "POST" else {}), status)
        for number, (method, path, more, status) in enumerate(requests)
    ]
    assert answers(lambda_handler, keyed, role="admin") == keyed
    assert actions - {TRANSACTION} == granted("MonitoringApi")
