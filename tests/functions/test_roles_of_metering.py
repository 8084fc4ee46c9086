"""The roles of the usage and costs functions grant exactly the actions that these functions call."""

import json
from datetime import UTC, datetime, timedelta

import boto3

from tests.functions.rights import BODY, FEEDING, GIVING_UP, KEY, ROOT, TRANSACTION, granted
from tests.support.gateway import Context, event
from vigil.bootstrap import process, stores
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK
from vigil.money.usage.model import MAX_DAILY_UNITS, UsageEntry


def test_the_usage_api_role_grants_its_calls_only(called):
    from functions.usage_api.handler import lambda_handler

    actions, _ = called
    for path in ("/v1/usage", "/v1/tenants/acme/usage"):
        answer = lambda_handler(event("GET", path, tenant="ops-team", role="operator"), Context())
        assert answer["statusCode"] == 200
    used = {"specversion": "1.0", "type": "vigil.usage", "source": "s", "id": "1", "data": {"emails": 1}}
    report = event("POST", "/v1/usage-events", role="producer", body=[used | {"time": datetime.now(UTC).isoformat()}])
    assert json.loads(lambda_handler(report, Context())["body"])["counted"] == 1
    assert actions - {TRANSACTION} == granted("UsageApi")


def test_the_counting_role_grants_its_calls_only(called):
    from functions.usage_counters.handler import lambda_handler

    actions, _ = called
    sample = json.loads((ROOT / "events" / "usage_counters.json").read_text())
    lambda_handler(sample, Context())
    assert actions - {TRANSACTION} | FEEDING | GIVING_UP == granted("UsageCounters")


def test_the_audit_role_grants_its_calls_only(clock, called):
    from functions.scoring_api.handler import lambda_handler as score
    from functions.usage_sweeps.handler import lambda_handler

    actions, _ = called
    clock.advance(days=10)  # days of a new month are recounted with the last one of the month before
    assert score(event("POST", "/v1/scores", body=BODY), Context())["statusCode"] == 201
    actions.clear()
    done = {"tenants": 1, "failed": 0}
    clock.advance(days=1)
    process.forget()
    assert lambda_handler({"job": "recount"}, Context(900_000)) == done | {"mismatches": 2, "unrepaired": 0}
    clock.advance(hours=1)
    process.forget()
    assert lambda_handler({"job": "gauges"}, Context(900_000)) == done | {"held": 1}
    parts = {"dynamodb:GetItem", "s3:ListBucketVersions"}
    whole = {TRANSACTION, "dynamodb:TransactGetItems", "s3:ListObjectVersions"}
    assert actions - whole | parts == granted("UsageSweeps")


def test_the_costs_roles_grant_their_calls_only(called, monkeypatch):
    from functions.costs_api.handler import lambda_handler
    from functions.costs_closing.handler import lambda_handler as close

    actions, _ = called
    prices = {price.meter: {"micros": price.micros, "per": price.per} for price in FIRST_PRICE_BOOK.prices}
    book = {"valid_from": "2099-01-01T00:00:00Z", "prices": prices}
    stores.usage().add([UsageEntry("acme", f"dec_{day}", f"2026-11-0{day}T00", {"predictions": 1}) for day in (1, 2)])
    actions.clear()
    for method, path, arguments in (
        ("POST", "/v1/prices", {"body": {"valid_from": "2020-01-01T00:00:00Z", "prices": prices}, "headers": KEY}),
        ("POST", "/v1/prices", {"body": book, "headers": KEY}),
        ("GET", "/v1/prices", {}),
        ("GET", "/v1/costs", {"query": {"period": "2026-11", "limit": "1"}}),
        ("GET", "/v1/costs/export", {}),
        ("GET", "/v1/tenants/acme/costs", {"tenant": "ops-team"}),
        ("GET", "/v1/costs/statements/2026-11", {}),
        ("PUT", "/v1/budgets/total/month", {"body": {"limit_micros": 1, "hard_stop": True}}),
        ("GET", "/v1/budgets", {}),
        ("DELETE", "/v1/budgets/total/month", {}),
    ):
        assert lambda_handler(event(method, path, role="operator", **arguments), Context())["statusCode"] < 500
    assert actions - {TRANSACTION} == granted("CostsApi")
    actions.clear()
    process.forget()
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 12, 4, tzinfo=UTC))
    assert close({}, Context(900_000))["statements"] == 4
    closing = set(actions)
    stores.usage().add([UsageEntry("acme", "dec_3", "2026-11-03T00", {"predictions": 1})])
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 12, 5, 3, tzinfo=UTC))
    process.forget()
    actions.clear()
    assert close({}, Context(900_000))["adjustments"] == 1
    assert TRANSACTION in actions
    assert (closing | actions) - {TRANSACTION} == granted("CostsClosing")


def test_the_spend_checks_role_grants_its_calls_only(called, monkeypatch):
    from functions.costs_checks.handler import lambda_handler
    from vigil.bootstrap import money
    from vigil.money.budgets.model import Budget

    actions, _ = called
    now = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    monkeypatch.setattr(process, "now", lambda: now)
    money.budgets().put("acme", Budget("total", "month", 1_000_000, hard_stop=True), "k")
    days = (now - timedelta(days=day) for day in range(40))
    stores.usage().add(
        [UsageEntry("acme", f"dec_{day:%d%m}", f"{day:%Y-%m-%dT%H}", {"predictions": 100}) for day in days]
    )
    stores.usage().add([UsageEntry("acme", "dec_much", "2026-11-21T11", {"predictions": 50_000})])
    actions.clear()
    assert lambda_handler({}, Context(270_000))["failed"] == 0
    assert lambda_handler({}, Context(270_000))["tenants"] > 0
    assert "events:PutEvents" in actions
    assert actions - {TRANSACTION, "dynamodb:TransactGetItems"} == granted("CostsChecks")


def test_the_usage_events_role_grants_its_calls_only(called, monkeypatch):
    from functions.usage_events.handler import lambda_handler

    actions, _ = called
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    monkeypatch.setenv("VIGIL_DEAD_LETTERS", boto3.client("sqs").create_queue(QueueName="dead")["QueueUrl"])
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
    process.forget()
    actions.clear()
    sample = json.loads((ROOT / "events" / "usage_events.json").read_text())
    broken = json.loads(json.dumps(sample))
    broken["Records"][0]["body"] = "[7]"
    for sent in (sample, broken):
        assert lambda_handler(sent, Context()) == {"batchItemFailures": []}
    for meter in MAX_DAILY_UNITS:  # above its ceiling, an event is looked up: it may be a duplicate
        monkeypatch.setitem(MAX_DAILY_UNITS, meter, 0)
    assert lambda_handler(sample, Context()) == {"batchItemFailures": []}
    fed = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
    together = {"dynamodb:TransactGetItems"}
    assert together <= actions
    needed = actions - {TRANSACTION} - together | {"dynamodb:GetItem"}  # the right to read items in a transaction
    assert needed | fed == granted("UsageEvents")
