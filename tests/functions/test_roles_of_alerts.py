"""The role of the API of alerts grants exactly the actions it calls."""

import boto3
import pytest

from tests.functions.rights import TRANSACTION, answers, granted
from tests.support.isolation.alerting import rota
from vigil.bootstrap import process

ALERT = {"type": "work_stuck", "source": "queue.work", "title": "t"}
DOWN = {"type": "system_down", "source": "scoring", "title": "t"}


@pytest.fixture
def queue(called, monkeypatch):
    """The queue of notices, and the recorded actions."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    url = boto3.client("sqs").create_queue(QueueName="alert-deliveries")["QueueUrl"]
    monkeypatch.setenv("VIGIL_ALERT_DELIVERIES_QUEUE", url)
    process.forget()
    actions, _ = called
    actions.clear()
    return actions


def test_the_alerting_api_calls_only_granted_actions(queue):
    from functions.alerting_api.handler import lambda_handler

    requests = [
        ("POST", "/v1/alerting/send", {"body": ALERT, "headers": {"Idempotency-Key": "k"}}, 202),
        ("POST", "/v1/alerting/send", {"body": {}, "headers": {"Idempotency-Key": "k"}}, 422),
        ("POST", "/v1/alerting/send", {"body": DOWN}, 202),
        ("POST", "/v1/alerting/send", {"body": DOWN | {"is_cleared": True}}, 202),
        ("POST", "/v1/alerting/send", {"body": ALERT | {"source": "second"}}, 202),
        ("GET", "/v1/alerts", {"query": {"limit": "1"}}, 200),
        ("GET", "/v1/alerting/stats", {}, 200),
        ("POST", "/v1/alerting/schedules", {"body": rota("r", "mem-1")}, 422),
    ]
    assert answers(lambda_handler, requests, role="admin") == requests
    needed = {
        *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"),
        *("events:PutEvents", "secretsmanager:GetSecretValue", "sqs:SendMessage"),
    }
    assert queue - {TRANSACTION} == needed
    assert needed <= granted("AlertingApi")
