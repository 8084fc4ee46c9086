"""Rows of batches in the nightly sweep, wired as deployed: files and outcomes in, profiles and cohorts out."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import boto3
import pytest

from tests.support.batch_workers import assemble, split, taken
from tests.support.gateway import Context, event
from tests.support.monitored_ledgers import MONITORED, REFERENCE
from vigil.bootstrap import monitoring, process
from vigil.decisions.batches import row_columns_model, splits
from vigil.monitoring.profiles.counting_model import CountedDecision, FeatureCells, ProfileCounter
from vigil.prediction.engines.row_encoder import RowEncoder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = "2026-03-01"
PLACE = ("acme", "toy", 1, "batch")
DUE_WEEK = "2026-W13"
"""Week of 29 March, 28 days after the answers."""


@pytest.fixture(scope="module")
def trained(trained):
    """The toy model with a reference and one attribute of groups."""
    return replace(trained, contract=MONITORED, reference=REFERENCE)


@pytest.fixture
def clock(monkeypatch):
    """Function that sets the clock of the functions."""

    def set_clock(moment):
        monkeypatch.setattr(process, "now", lambda: moment)
        process.forget()

    set_clock(NOON)
    return set_clock


def call(function, method, path, body):
    answer = function(event(method, path, body=body), Context())
    return answer["statusCode"], json.loads(answer["body"])


def subject(number, random):
    features = {"age": random.randrange(100), "visits": random.choice([None, 3, 30]), "stage": random.choice("I")}
    return {"subject_id": f"p-{number}", "features": features, "groups": {"sex": random.choice(["female", "male"])}}


@pytest.fixture
def scored(clock, deployed, monkeypatch):
    """Function that scores rows in a batch of small chunks. Each chunk is delivered twice and out of order."""
    from functions.batches_api.handler import lambda_handler as batches
    from functions.batches_chunk.handler import lambda_handler as chunk

    monkeypatch.setattr(splits, "CHUNK_ROWS", 30)
    random = Random(7)

    def run(rows):
        made = call(batches, "POST", "/v1/batches", {"model": "toy", "rows": rows})[1]["batch_id"]
        split(made)
        while messages := taken(deployed["batch_chunks"]):
            for message in random.sample(messages * 2, 2 * len(messages)):
                chunk(message, Context(100_000))
        assemble(deployed)
        return made

    return run


def sweep(clock, moment):
    from functions.monitoring_sweep.handler import lambda_handler

    clock(moment)
    return lambda_handler({}, Context(900_000))


def counted(files, step):
    """Return the profile of every row with this distance, counted from the rows and their results."""
    cells = [FeatureCells(feature.edges, len(feature.counts)) for feature in REFERENCE.features]
    counter, encoder, answered = ProfileCounter(cells, ["sex"]), RowEncoder(MONITORED.features), 0
    for batch_id, rows in files.items():
        key = f"results/acme/{batch_id}/results.ndjson"
        lines = boto3.client("s3").get_object(Bucket="files", Key=key)["Body"].read().splitlines()
        for line, row in zip(map(json.loads, lines), rows, strict=True):
            answered += "errors" not in line
            if line["row"] % step == 1 and "errors" not in line:
                counter.add(counted_decision(line, row, encoder))
    return counter.profile(DAY, "batch", answered)


def counted_decision(line, row, encoder):
    vector = encoder.encode(row["features"])
    answer = (line["probability"], line["band"], line["decision"], line["band"] == "high")
    return CountedDecision(str(line["row"]), "p", "", vector, *answer, groups=row["groups"])


def test_the_batch_rows_of_a_day_are_counted_once(clock, scored, monkeypatch):
    monkeypatch.setattr(row_columns_model, "SAMPLE_STEP", 7)
    random, files = Random(3), {}
    for size in (70, 25):
        rows = [subject(number, random) for number in range(size)]
        rows[7]["features"]["age"] = 1_000  # a row without an answer
        files[scored(rows)] = rows
    for hours in (14, 15):
        assert sweep(clock, NOON + timedelta(hours=hours))["failed"] == 0
    (profile,) = monitoring.profiles().profiles(*PLACE, "2026-02-01", "2026-04-01")
    assert profile == counted(files, 7)
    assert (profile.rows, profile.counted) == (93, 12)
    assert list(monitoring.profiles().profiles("acme", "toy", 1, "single", DAY, DAY)) == []


def test_outcomes_of_rows_form_a_cohort_of_batches(clock, scored):
    from functions.outcomes_api.handler import lambda_handler as outcomes

    random = Random(5)
    made = scored([subject(number, random) for number in range(40)])
    sweep(clock, NOON + timedelta(hours=14))
    clock(NOON + timedelta(days=20))
    for row, status in ((1, "occurred"), (2, "not_occurred"), (3, "excluded")):
        body = {"batch_id": made, "row": row, "status": status, "recorded_at": "2026-03-20T00:00:00Z"}
        assert call(outcomes, "POST", "/v1/outcomes", body)[0] == 201
    for days in (30, 31):
        assert sweep(clock, NOON + timedelta(days=days, hours=14))["failed"] == 0
    (cohort,) = monitoring.cohorts().cohorts(*PLACE)
    arm = cohort.untreated
    assert (cohort.week, arm.total.rows, sum(arm.labelled.rows)) == (DUE_WEEK, 40, 2)
    assert (sum(arm.events), sum(arm.excluded), sum(arm.overdue)) == (1, 1, 37)
    assert sum(group.rows for group in cohort.groups.values()) == 40
