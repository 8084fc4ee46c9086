"""Metric filters count exactly the log lines that they are about."""

import json

import pytest

from tests.support.alarms import alarms
from tests.support.filter_patterns import filter_value, metric_filters
from tests.support.templates import TEMPLATES, functions, resources, template

FILTERS = metric_filters()
TIMES = "REPORT RequestId: 3604209a-e9a3-11e6-939a-754dd98c7be3\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
REPORTS = [
    TIMES + "Memory Size: 1769 MB\tMax Memory Used: 18 MB\t\n",
    TIMES + "Memory Size: 1769 MB\tMax Memory Used: 18 MB\tInit Duration: 91.5 ms\t\n",
    TIMES
    + "Memory Size: 1769 MB\tMax Memory Used: 18 MB\tRestore Duration: 300.1 ms\tBilled Restore Duration: 61 ms\t\n"
    "XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 3e5f\tSampled: true\t\n",
]
"""Ends of invocations: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html#python-logging-output"""
COUNTED = {
    "AuthorizerFailures": {"level": "ERROR", "service": "tokens-authorizer"},
    "DeadLettersRecorded": {"message": "dead_letter_recorded"},
    "WorkGivenUp": {"message": "dead_letter_parked"},
    "ModelsRefusedByChunks": {"message": "model_update_failed", "reason": "bad_signature"},
    "ModelsRefusedByScoring": {"message": "model_update_failed", "reason": "bad_signature"},
    "ReadyAnswers": {"route": "/health/readiness", "status": 200},
}
"""The fields of a line that each filter counts."""
OTHERS = {
    "AuthorizerFailures": {"level": "INFO", "service": "tokens-authorizer"},
    "DeadLettersRecorded": {"message": "dead_letter_retried"},
    "WorkGivenUp": {"message": "dead_letter_retried"},
    "ModelsRefusedByChunks": {"message": "model_update_failed", "reason": "unavailable"},
    "ModelsRefusedByScoring": {"message": "model_update_failed"},
    "ReadyAnswers": {"route": "/health/readiness", "status": 503},
}
"""The fields of a similar line that it does not count."""
MEMORY = {"ScoringMemory": "ScoringApi", "ChunkMemory": "BatchesChunk"}
"""The function of each filter of memory."""


def test_every_filter_has_examples():
    assert FILTERS.keys() == COUNTED.keys() | MEMORY.keys() == OTHERS.keys() | MEMORY.keys()


@pytest.mark.parametrize("name", COUNTED)
def test_a_filter_counts_its_lines_only(name):
    assert filter_value(FILTERS[name], json.dumps(COUNTED[name] | {"level": "ERROR"})) == 1
    assert filter_value(FILTERS[name], json.dumps(OTHERS[name])) is None
    assert filter_value(FILTERS[name], REPORTS[0]) is None


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("name", MEMORY)
def test_the_memory_of_every_report_is_measured(name, report):
    assert filter_value(FILTERS[name], report) == 18


@pytest.mark.parametrize("line", ["START RequestId: 1 Version: 2", json.dumps({"message": "REPORT"}), ""])
def test_no_other_line_measures_memory(line):
    assert filter_value(FILTERS["ScoringMemory"], line) is None


@pytest.mark.parametrize("name", MEMORY)
def test_the_alarm_of_memory_fires_at_90_percent_of_the_function(name):
    alarm, size = alarms()[f"{name}High"], functions()[MEMORY[name]]["MemorySize"]
    assert alarm.threshold == int(0.9 * size)
    assert alarm.fires([[size]] * alarm.periods)
    metric = FILTERS[name]["MetricTransformations"][0]["MetricName"]
    assert alarm.properties["MetricName"] == metric


def test_a_memory_filter_reads_the_logs_of_its_function():
    for name, function in MEMORY.items():
        assert FILTERS[name]["LogGroupName"] == {"Ref": f"{function}Logs"}
        assert functions()[function]["LoggingConfig"] == {"LogGroup": {"Ref": f"{function}Logs"}}


def test_a_filter_names_a_log_group_of_its_template():
    for path in TEMPLATES:
        for filtered in resources(path, "AWS::Logs::MetricFilter").values():
            assert template(path)["Resources"][filtered["LogGroupName"]["Ref"]]["Type"] == "AWS::Logs::LogGroup"
