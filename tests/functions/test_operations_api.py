"""The dead letter API as deployed, on jobs in its table."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import boto3
import pytest

from tests.support.fakes.dead_letters import WORK, letter
from tests.support.gateway import Context, event
from vigil.kernel.tenants import OPERATORS
from vigil.operations.dead_letters.model import UNREADABLE, DeadLetterJob, RetryRules, Work
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs

JOBS = "/v1/dlq/jobs"


@pytest.fixture
def api(published):
    from functions.dead_letters_api.handler import lambda_handler

    def call(method, path, **kwargs):
        answer = lambda_handler(event(method, path, **{"role": "admin"} | kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


@pytest.fixture
def parked(published):
    return keep(letter(refusal="not-found"))


def keep(died):
    job = DeadLetterJob.create("work", died, RetryRules(), datetime.now(UTC), Random(1))
    DynamoDeadLetterJobs(boto3.client("dynamodb"), "dead_letters").write(job.tenant_id, job)
    return job


ENDPOINTS = [
    ("GET", JOBS),
    ("GET", f"{JOBS}/acme.k"),
    ("POST", f"{JOBS}/acme.k/retry"),
    ("POST", f"{JOBS}/acme.k/resolve"),
    ("DELETE", "/v1/dlq/cleanup"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_anonymous_is_refused(api, method, path):
    assert api(method, path, tenant=None, query={"older_than": "1d"} if method == "DELETE" else None)[0] == 401


def test_a_viewer_cannot_change_a_job(api, parked):
    for role in ("viewer", "member"):
        assert api("GET", f"{JOBS}/{parked.job_id}", role=role)[0] == 200
        for method, path in ENDPOINTS[2:]:
            query = {"older_than": "1d"} if method == "DELETE" else None
            assert api(method, path.replace("acme.k", parked.job_id), role=role, query=query)[0] == 403


def test_another_tenant_sees_and_changes_no_job(api, parked):
    place = f"{JOBS}/{parked.job_id}"
    assert api("GET", JOBS, tenant="globex") == (200, {"items": [], "next_cursor": None})
    for method, path in (("GET", place), ("POST", f"{place}/retry"), ("POST", f"{place}/resolve")):
        assert api(method, path, tenant="globex")[0] == 404
    assert api("GET", place)[1]["state"] == "parked"


def test_a_job_shows_its_work_cause_and_history(api, parked):
    status, job = api("GET", f"{JOBS}/{parked.job_id}")
    assert status == 200
    assert (job["queue"], job["kind"], job["message_id"]) == ("work", WORK.kind, WORK.id)
    assert (job["state"], job["cause"], job["reason"]) == ("parked", "permanent", "not-found")
    assert (job["correlation_id"], job["body"]) == (WORK.correlation_id, WORK.body)
    assert [step["name"] for step in job["steps"]] == ["recorded", "parked"]


def test_operators_see_and_change_all_jobs(api, parked):
    keep(letter(replace(WORK, tenant_id="globex")))
    _, listed = api("GET", JOBS, tenant="vendor", role="operator")
    assert {job["tenant_id"] for job in listed["items"]} == {"acme", "globex"}
    status, job = api("POST", f"{JOBS}/{parked.job_id}/retry", tenant="vendor", role="operator")
    assert (status, job["state"]) == (202, "waiting")
    assert job["steps"][-1]["by"] == "operator:0123456789abcdef"


def test_an_unreadable_message_is_shown_to_operators_without_its_body(api, published):
    job = keep(letter(Work("m-1", UNREADABLE, OPERATORS, "m-1", '{"body": "jane-roe"}')))
    assert api("GET", f"{JOBS}/{job.job_id}")[0] == 404
    status, shown = api("GET", f"{JOBS}/{job.job_id}", tenant="vendor", role="operator")
    assert (status, shown["body"], shown["reason"]) == (200, None, "unreadable")
    assert "jane-roe" not in json.dumps(shown)


def test_a_job_is_retried_once_and_resolved_by_hand(api, parked):
    place = f"{JOBS}/{parked.job_id}"
    assert api("POST", f"{place}/retry")[1]["state"] == "waiting"
    status, job = api("POST", f"{place}/resolve")
    assert (status, job["state"], job["resolution"]) == (200, "resolved", "by_hand")
    assert api("POST", f"{place}/resolve")[1] == job
    assert api("POST", f"{place}/retry")[0] == 409
    assert api("GET", JOBS)[1]["items"] == []
    assert api("GET", JOBS, query={"state": "resolved"})[1]["items"][0]["id"] == parked.job_id


def test_pages_are_contiguous_and_a_cursor_fits_only_its_list(api, published):
    for number in range(3):
        keep(letter(replace(WORK, id=f"work-{number}")))
    _, first = api("GET", JOBS, query={"limit": "2"})
    _, second = api("GET", JOBS, query={"limit": "2", "cursor": first["next_cursor"]})
    ids = [job["message_id"] for page in (first, second) for job in page["items"]]
    assert ids == ["work-2", "work-1", "work-0"]
    assert second["next_cursor"] is None
    for other in ({"query": {"queue": "work"}}, {"tenant": "globex", "query": {}}, {"role": "operator", "query": {}}):
        query = other["query"] | {"cursor": first["next_cursor"]}
        assert api("GET", JOBS, **other | {"query": query})[0] == 400


@pytest.mark.parametrize(
    "query",
    [{"state": "lost"}, {"min_age": "3w"}, {"min_age": "-1d"}, {"limit": "0"}, {"queue": "a b"}, {"color": "x"}],
)
def test_an_invalid_filter_is_named(api, query):
    status, problem = api("GET", JOBS, query=query)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, list(query))


def test_cleanup_removes_old_resolved_jobs(api, parked):
    assert api("DELETE", "/v1/dlq/cleanup")[0] == 422
    assert api("DELETE", "/v1/dlq/cleanup", query={"older_than": "0m"}) == (200, {"removed": 0, "more": False})
    api("POST", f"{JOBS}/{parked.job_id}/resolve")
    assert api("DELETE", "/v1/dlq/cleanup", query={"older_than": "1d"})[1]["removed"] == 0
    assert api("DELETE", "/v1/dlq/cleanup", query={"older_than": "0m"}, tenant="globex")[1]["removed"] == 0
    assert api("DELETE", "/v1/dlq/cleanup", query={"older_than": "0m"})[1] == {"removed": 1, "more": False}
    assert api("GET", f"{JOBS}/{parked.job_id}")[0] == 404
