"""A log line equals the one that Powertools writes for the same fields."""

import io
import json
import logging

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from vigil.runtime.log_lines import LineFormatter, LineRecord
from vigil.runtime.telemetry import Telemetry

FIELDS = {"status": 201, "route": "/v1/scores", "band": None, "latency_ms": float("nan"), "_aws": {"Timestamp": 1}}
KEYS = {"service": "scoring", "cold_start": False, "function_request_id": "r-1"}


def formatters():
    ours, powertools = LineFormatter(), LambdaPowertoolsFormatter(use_rfc3339=True, utc=True)
    for formatter in (ours, powertools):
        formatter.append_keys(**KEYS)
    return ours, powertools


@pytest.mark.parametrize("trace", [None, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"])
@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_line_has_the_members_of_powertools_in_the_same_order(monkeypatch, trace, level):
    if trace:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    ours, powertools = formatters()
    record = LineRecord("scoring", level, "request", FIELDS)
    plain = logging.makeLogRecord({"levelname": record.levelname, "msg": "request", "created": record.created} | FIELDS)
    line, expected = json.loads(ours.format(record)), json.loads(powertools.format(plain))
    assert [*line] == [*expected]
    same = line.keys() - {"location", "latency_ms"}
    assert {name: line[name] for name in same} == {name: expected[name] for name in same}
    assert line["latency_ms"] is None  # JSON has no NaN


def test_records_of_other_callers_are_formatted_by_powertools():
    ours, powertools = formatters()
    record = logging.makeLogRecord({"levelname": "INFO", "msg": "%s left", "args": (3,), "extra_field": 1})
    assert json.loads(ours.format(record)) == json.loads(powertools.format(record))
    assert json.loads(ours.format(record))["message"] == "3 left"


def test_line_below_the_level_of_the_logger_is_not_written():
    stream = io.StringIO()
    telemetry = Telemetry("quiet", stream, traced=False)
    Logger(service="quiet").setLevel("ERROR")
    telemetry.end(*telemetry.begin("GET"))
    assert json.loads(stream.getvalue())["level"] == "ERROR"  # a request without a status has failed
    facts, started = telemetry.begin("GET")
    facts.status = 200
    telemetry.end(facts, started)
    assert len(stream.getvalue().splitlines()) == 1
