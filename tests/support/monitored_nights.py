"""A deployment with monitored decisions, and the nights in which the sweep counts them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import pytest

from tests.support.deployments import KEY, deployment
from tests.support.gateway import Context
from tests.support.monitored_ledgers import MONITORED, REFERENCE, Past, past_day
from tests.support.trained import toy_model
from vigil.bootstrap import access, monitoring, prediction, process
from vigil.decisions.outcomes.model import Outcome
from vigil.decisions.outcomes.store import DynamoOutcomes
from vigil.kernel.time import format_day
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.rows_model import CountedVersion
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.verification import Release, build_package

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
DAY = "2026-03-01"
"""The day that has ended before the first night."""
PLACE: tuple[str, str, int, Source] = ("acme", "toy", 1, "single")


@contextmanager
def monitored_deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run a deployment of the toy model with a reference and groups; yield a DynamoDB client."""
    monkeypatch.setattr(process, "now", lambda: NIGHT)
    with deployment(_model(), monkeypatch):
        access.tenants().create("acme", "ENTERPRISE")
        process.forget()
        yield boto3.client("dynamodb")


def publish_version(version: int) -> None:
    """Publish another version of the model, which is no champion."""
    package = build_package(_model(), Release(version, NIGHT, NIGHT + timedelta(days=30)), KEY, load_engine)
    prediction.publisher({KEY.key_id: KEY.public}).publish(package)


def clear_tables(client: Any) -> None:
    """Delete the items about decisions and monitoring."""
    for table in ("decisions", "outcomes", "monitoring"):
        for item in client.scan(TableName=table)["Items"]:
            client.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk") if name in item})


def run_sweep(monkeypatch: pytest.MonkeyPatch, nights: int = 0, hours: int = 0) -> dict[str, int]:
    """Return the counts of a sweep that runs a number of nights and hours after the first night."""
    from functions.monitoring_sweep.handler import lambda_handler

    monkeypatch.setattr(process, "now", lambda: NIGHT + timedelta(days=nights, hours=hours))
    process.forget()
    done: dict[str, int] = lambda_handler({}, Context(900_000))
    return done


def days_before(day: str, number: int) -> str:
    """Return the day a number of days before another one."""
    return format_day(date.fromisoformat(day) - timedelta(days=number))


def report(decision: Past, status: Any = "occurred", **facts: Any) -> None:
    """Store the outcome of a decision."""
    outcome = Outcome(decision.decision_id, "toy", 1, status, "2026-02-20T00:00:00Z", "2026-02-20T00:00:00Z", **facts)
    DynamoOutcomes(process.client("dynamodb"), "outcomes").record("acme", outcome)


def stored(day: str = DAY, place: tuple[str, str, int, Source] = PLACE) -> Profile:
    """Return the stored profile of a day."""
    return next(monitoring.profiles().profiles(*place, day, day))


@cache
def quiet_days(days: int = 60, rows: int = 40) -> tuple[Profile, ...]:
    """Return the profiles of days before the first night."""
    version = CountedVersion(MonitoredVersion(MONITORED, REFERENCE, profile_layout(MONITORED, REFERENCE)))
    profiles = []
    for number in range(days, 0, -1):
        counter, day = version.counter(), days_before(DAY, number)
        for each in past_day(day, rows, subject=""):
            counter.add(version.counted(each.row(), {"sex": each.sex} if each.sex else {}))
        profiles.append(counter.profile(day, "single", rows))
    return tuple(profiles)


def settle() -> None:
    """Store the profiles of quiet days, as earlier sweeps have counted them."""
    for profile in quiet_days():
        monitoring.profiles().put("acme", "toy", 1, profile)
    first, last = quiet_days()[0].day, quiet_days()[-1].day
    monitoring.progress().put_served("acme", ServedVersion("toy", 1, "single", first, last))
    monitoring.progress().put_counted("acme", last)


def _model() -> TrainedModel:
    return replace(toy_model(), contract=MONITORED, reference=REFERENCE)
