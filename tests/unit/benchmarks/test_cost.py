"""Cost model of the benchmarks: totals, units and the break-even of two options."""

import base64
import json

import pytest

from benchmarks import prices
from benchmarks.cost import (
    MILLION,
    RequestUsage,
    ServingOption,
    break_even,
    compute_cost,
    memory_gb,
    score_bill,
    serving_options,
    write_units,
)
from cli.checkout import ROOT
from tests.support.templates import functions

CALLS = {"UpdateItem": 1, "TransactWriteItems": 1}
ROW = {name: {"S": "x"} for name in ("pk", "tenant_pk", "subject_pk", "time_sk")} | {"body": {"S": "x" * 3_000}}
SCORE = RequestUsage(cpu=0.0021, calls=CALLS, writes=14, received=900, answered=1_600, logged=900, stored=2_000)


def test_time_is_billed_in_whole_milliseconds_with_dynamodb_waits():
    assert SCORE.milliseconds == 2 + 1 + 5 + 2 * 5


@pytest.mark.parametrize(
    ("operation", "body", "units"),
    [
        ("UpdateItem", {}, 1),
        ("PutItem", {"Item": ROW}, 3 + 1 + 1),
        ("PutItem", {"Item": ROW | {"summary": {"S": "x" * 1_100}}}, 5 + 2 + 2),
        ("PutItem", {"Item": {"packed": {"B": base64.b64encode(b"x" * 3_000).decode()}}}, 3),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": {"pk": {"S": "x"}}}}, {"Update": {}}]}, 2 + 2),
    ],
)
def test_a_write_costs_per_kilobyte_transaction_and_index(operation, body, units):
    assert write_units(operation, json.dumps(body).encode()) == units


def test_the_cost_of_a_million_scores_is_the_sum_of_its_units():
    bill = score_bill(SCORE)
    assert bill["DynamoDB: limiter, decision, quota"] == pytest.approx(14 * 0.625)
    assert bill["API Gateway"] == 3.5
    assert bill["Lambda time"] == pytest.approx(MILLION * 0.018 * 1.769 * prices.GB_SECOND_ARM)
    assert compute_cost(36) == pytest.approx(2 * bill["Lambda time"])


def test_both_options_cost_the_same_at_the_break_even():
    serverless, _, _, containers = serving_options(SCORE)
    scores = break_even(serverless, containers)
    assert serverless.monthly_cost(scores) == pytest.approx(containers.monthly_cost(scores))
    assert serverless.monthly_cost(scores / 2) < containers.monthly_cost(scores / 2)
    assert break_even(ServingOption("a", 0, 2), ServingOption("b", 10, 1)) == 10 * MILLION


def test_memory_is_read_from_the_template():
    assert memory_gb("ScoringApi") == 1769 / 1024
    assert memory_gb("TokensAuthorizer") == 0.5
    assert memory_gb() == sum(each["MemorySize"] for each in functions().values() if "SnapStart" in each) / 1024


def test_the_page_has_the_price_of_the_snapshots():
    page = (ROOT / "docs" / "running-costs.md").read_text()
    every = sum(each["MemorySize"] for each in functions().values()) / 1024
    assert f"**${memory_gb() * prices.SNAPSHOT_GB_MONTH:.0f} a month** pays for one version of" in page
    assert f"with them it would be ${every * prices.SNAPSHOT_GB_MONTH:.0f}." in page
