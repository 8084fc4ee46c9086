"""The API of alerts as deployed, on its table and its queue of notices."""

import json

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import process

ALERTS, SEND = "/v1/alerts", "/v1/alerting/send"
ALERT = {"type": "work_stuck", "source": "queue.work", "title": "Work is stuck", "severity": "ERROR"}


@pytest.fixture
def queue(monkeypatch):
    """URL of the queue of notices."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    url = boto3.client("sqs").create_queue(QueueName="alert-deliveries")["QueueUrl"]
    monkeypatch.setenv("VIGIL_ALERT_DELIVERIES_QUEUE", url)
    return url


@pytest.fixture
def api(published, queue):
    process.forget()
    from functions.alerting_api.handler import lambda_handler

    def call(method, path, **kwargs):
        answer = lambda_handler(event(method, path, **{"role": "member"} | kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


@pytest.fixture
def sent(api):
    """Id of an alert of the tenant `acme`."""
    return api("POST", SEND, body=ALERT)[1]["alert_id"]


ENDPOINTS = [
    ("GET", ALERTS, None),
    ("GET", f"{ALERTS}/alr-1", None),
    ("POST", f"{ALERTS}/alr-1/acknowledge", None),
    ("POST", f"{ALERTS}/alr-1/resolve", None),
    ("POST", SEND, ALERT),
    ("POST", "/v1/alerting/test", {}),
    ("GET", "/v1/alerting/stats", None),
    ("GET", "/v1/alerting/event-types", None),
    ("GET", "/v1/alerting/severities", None),
]


def test_anonymous_is_refused(api):
    for method, path, body in ENDPOINTS:
        assert api(method, path, tenant=None, body=body)[0] == 401, path


def test_viewer_reads_alerts_and_changes_none(api, sent):
    for method, path, body in ENDPOINTS:
        status = api(method, path.replace("alr-1", sent), role="viewer", body=body)[0]
        assert status == (403 if method == "POST" else 200), path


def test_another_tenant_finds_and_changes_no_alert(api, sent):
    place = f"{ALERTS}/{sent}"
    assert api("GET", ALERTS, tenant="globex") == (200, {"items": [], "next_cursor": None})
    assert api("GET", "/v1/alerting/stats", tenant="globex") == (200, {"items": []})
    for method, path in (("GET", place), ("POST", f"{place}/acknowledge"), ("POST", f"{place}/resolve")):
        assert api(method, path, tenant="globex")[0] == 404
    assert api("GET", place)[1]["state"] == "firing"


def test_same_alert_of_another_tenant_is_another_alert(api, sent):
    assert api("POST", SEND, body=ALERT, tenant="globex") == (202, {"alert_id": sent, "outcome": "opened"})
    assert api("POST", f"{ALERTS}/{sent}/resolve", tenant="globex")[1]["state"] == "resolved"
    assert api("GET", f"{ALERTS}/{sent}")[1]["state"] == "firing"


def test_operators_have_alerts_of_their_own(api, sent):
    assert api("GET", ALERTS, role="operator")[1]["items"] == []
    assert api("GET", f"{ALERTS}/{sent}", role="operator")[0] == 404
    operators = api("POST", SEND, body=ALERT, role="operator")[1]["alert_id"]
    assert [each["id"] for each in api("GET", ALERTS, role="operator", tenant="globex")[1]["items"]] == [operators]
    assert api("GET", f"{ALERTS}/{operators}")[1]["count"] == 1


def test_sent_alert_is_opened_grouped_acknowledged_and_resolved(api, sent):
    assert api("POST", SEND, body=ALERT) == (202, {"alert_id": sent, "outcome": "grouped"})
    taken = api("POST", f"{ALERTS}/{sent}/acknowledge")[1]
    assert (taken["state"], taken["count"], taken["acknowledged_by"]) == ("acknowledged", 2, "member:0123456789abcdef")
    assert [each["id"] for each in api("GET", ALERTS, query={"state": "acknowledged"})[1]["items"]] == [sent]
    assert api("GET", ALERTS, query={"state": "firing"})[1]["items"] == []
    assert api("POST", f"{ALERTS}/{sent}/resolve")[1]["state"] == "resolved"
    assert api("POST", f"{ALERTS}/{sent}/acknowledge")[1]["state"] == "resolved"
    assert [each["id"] for each in api("GET", ALERTS, query={"state": "resolved"})[1]["items"]] == [sent]


def test_cleared_alert_is_resolved(api, sent):
    assert api("POST", SEND, body=ALERT | {"is_cleared": True}) == (202, {"alert_id": sent, "outcome": "cleared"})
    assert api("GET", f"{ALERTS}/{sent}")[1]["state"] == "resolved"
    other = ALERT | {"source": "queue.other", "is_cleared": True}
    assert api("POST", SEND, body=other) == (202, {"alert_id": None, "outcome": "cleared"})


def test_request_with_the_same_key_counts_once(api):
    headers = {"Idempotency-Key": "k-1"}
    first = api("POST", SEND, body=ALERT, headers=headers)
    assert api("POST", SEND, body=ALERT, headers=headers) == first
    claims = boto3.client("dynamodb")
    for item in claims.scan(TableName="idempotency")["Items"]:
        claims.delete_item(TableName="idempotency", Key={name: item[name] for name in ("pk", "sk")})
    assert api("POST", SEND, body=ALERT, headers=headers)[1]["outcome"] == "unchanged"
    counts = api("GET", "/v1/alerting/stats")[1]["items"]
    assert [(each["raised"], each["opened"], each["grouped"]) for each in counts] == [(1, 1, 0)]


def test_notice_of_a_tenant_without_channels_is_queued_for_the_operators(api, sent, queue):
    (notice,) = api("GET", f"{ALERTS}/{sent}")[1]["notices"]
    assert (notice["channel"], notice["action"], notice["state"]) == ("operators", "trigger", "pending")
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["sequence"] == 1


def test_texts_of_people_are_masked(api):
    facts = {"call": "+49 170 1234567", "mail": "a.b@example.org", "born": "1990-05-17", "count": "12"}
    alert = api("POST", SEND, body=ALERT | {"title": "Ask a.b@example.org", "facts": facts})[1]["alert_id"]
    seen = api("GET", f"{ALERTS}/{alert}")[1]
    assert seen["title"] == "Ask [e-mail]"
    assert seen["facts"] == {"call": "[number]", "mail": "[e-mail]", "born": "[date]", "count": "12"}


INVALID = (
    ("type", "fire"),
    ("severity", "error"),
    ("source", "Queue 1"),
    ("source", "patient.1234567"),
    ("title", ""),
    ("title", "x" * 201),
    ("labels", {"born": "1990-05-17"}),
    ("labels", {str(number): "x" for number in range(11)}),
    ("facts", {str(number): "x" for number in range(21)}),
    ("facts", {"long": "x" * 501}),
    ("link", "http://example.org"),
    ("patient", "x"),
)


def test_field_outside_its_bound_is_named(api):
    for field, value in INVALID:
        status, problem = api("POST", SEND, body=ALERT | {field: value})
        assert status == 422, (field, value)
        assert problem["errors"][0]["field"].startswith(field)


def test_statistics_balance_and_show_open_notices(api, sent):
    api("POST", SEND, body=ALERT)
    (hour,) = api("GET", "/v1/alerting/stats", query={"hours": "2"})[1]["items"]
    assert (hour["raised"], hour["opened"], hour["grouped"]) == (2, 1, 1)
    assert (hour["intents"], hour["open"]) == (1, 1)
    assert hour["severity"] == "ERROR"


def test_test_alert_is_an_alert_of_its_own(api):
    first, second = (api("POST", "/v1/alerting/test", body={"severity": "CRITICAL"})[1] for _ in range(2))
    assert first["outcome"] == second["outcome"] == "opened"
    assert first["alert_id"] != second["alert_id"]
    assert api("GET", f"{ALERTS}/{first['alert_id']}")[1]["severity"] == "CRITICAL"


def test_vocabulary_has_every_type_and_severity(api):
    types = api("GET", "/v1/alerting/event-types")[1]["items"]
    assert len(types) == 12
    assert all(each["description"] for each in types)
    severities = [each["severity"] for each in api("GET", "/v1/alerting/severities")[1]["items"]]
    assert severities == ["INFO", "WARNING", "ERROR", "CRITICAL"]


def test_pages_follow_their_cursor(api):
    for number in range(3):
        api("POST", SEND, body=ALERT | {"source": f"queue.{number}"})
    first = api("GET", ALERTS, query={"limit": "2"})[1]
    second = api("GET", ALERTS, query={"limit": "2", "cursor": first["next_cursor"]})[1]
    assert len({each["id"] for page in (first, second) for each in page["items"]}) == 3
    assert second["next_cursor"] is None
    assert api("GET", ALERTS, query={"cursor": first["next_cursor"]}, tenant="globex")[0] == 400


def test_raised_and_cleared_alerts_are_published(api, monkeypatch, sent):
    table = boto3.client("dynamodb")
    api("POST", f"{ALERTS}/{sent}/resolve")
    key = {"pk": {"S": f"acme#{sent.split('-')[1]}"}, "sk": {"S": "HEAD"}}
    item = table.get_item(TableName="alerts", Key=key)["Item"]
    assert json.loads(item["episode"]["S"])["unpublished"] == []
    assert "due_at" not in item
