"""Every alarm of every template reaches the operators, has an alert, and fires on bad series only."""

import pytest

from tests.support.alarms import Alarm, alarms
from tests.support.filter_patterns import metric_filters
from tests.support.formula_alarms import composite_alarms
from tests.support.templates import INFRA, TEMPLATES, functions, resources, template
from vigil.alerting.sources.alarms_model import ALARMS, alarm_suffix
from vigil.alerting.sources.bus_model import FINDINGS, STACK_CHANGED

FOUND = alarms()
SOURCES = INFRA / "alert_sources.yaml"
ALARMS_TOPIC, PAGES_TOPIC = {"Ref": "AlarmsTopic"}, {"Ref": "PagesTopic"}
PER_QUEUE = {"If": ["HasPages", PAGES_TOPIC, {"Ref": "AWS::NoValue"}]}
PAGING = {
    *("AlertDeliveriesLate", "AlertingSilent", "AlertsLate", "AuthorizerErrors", "ScoringThrottled", "ServerErrors"),
    *("ServiceDown", "TenantsTrespassed"),
    *("FailuresNotRead", "TenantsTrespassed"),
}
"""Alarms that page the operators without Vigil's code: Vigil or its alerting does not work, or is under attack."""
QUIET: list[float] = []
"""A period without data."""
FAST, SLOW = [100.0] * 100, [100.0] * 90 + [2_000.0] * 10
SERIES = {
    "AlertDeliveriesLate": ([[1_201]] * 3, [[1_201], [1_201], [1_200]]),
    "AlertingSilent": ([[1]] * 9 + [QUIET] * 5, [[1]] * 9 + [QUIET] * 4 + [[1]] + [QUIET] * 4),
    "AlertsLate": ([[301]] * 3, [[301], [301], [300]]),
    "AuthorizerErrors": ([[1], QUIET, QUIET, [1], QUIET], [[1, 1, 1], QUIET, QUIET, QUIET, QUIET]),
    "BatchesSlow": ([[60, 3_601]], [[60, 3_600]]),
    "ChunkMemoryHigh": ([[1_593], [900], [1_593], [900], [1_593]], [[1_592]] * 3 + [[1_593]] * 2),
    "CircuitsOpened": ([[1] * 3], [[1] * 2]),
    "CredentialsRefused": ([[1] * 101], [[1] * 100]),
    "DatabaseFails": ([[1] * 11, QUIET, [1] * 11, QUIET, [1] * 11], [[1] * 10] * 3 + [[1] * 11] * 2),
    "DeadLettersArrive": ([[1] * 11], [[1] * 10]),
    "ErasureFails": ([[0, 1]] * 3, [[0, 1], [0], [0, 1], [0, 1]]),
    "EventsLate": ([[300_001]] * 3, [[300_001], [300_001], [300_000]]),
    "EventsNotTold": ([[1, 2]] * 3, [[1, 2], [1, 0], [1, 2]]),
    "HighRiskSurge": ([[50, 51]], [[50, 50]]),
    "FailuresNotRead": ([[1], [0], [1], [0], [1]], [[1], [0], [1], [0], [0]]),
    "IncidentsNotWatched": ([[1], [0], [1], [0], [1]], [[1], [0], [1], [0], [0]]),
    "LoopsStopped": ([QUIET, [1]], [[0], QUIET]),
    "MetricsNotCollected": ([[1], [0], [1], [0], [1]], [[1], [0], [1], [0], [0]]),
    "ModelsNotMonitored": ([QUIET, [1]], [[1], QUIET]),
    "ModelsRefused": ([QUIET, [1]], [[1], QUIET]),
    "MonthsNotClosed": ([[0], [1]], [[1], [0]]),
    "NotDrained": ([[1, 2]] * 3, [[1, 2], [1, 0], [1, 2]]),
    "PermissionsRefused": ([[1] * 51], [[1] * 50]),
    "PersonErasureFails": ([[0, 1]] * 3, [[0, 1], [0], [0, 1], [0, 1]]),
    "QueueLate": ([[1_201]] * 3, [[1_201], [1_201], [1_200]]),
    "RedriveFails": ([[1], [0], [1], [0], [1]], [[1], [0], [1], [0], [0]]),
    "RotationFailed": ([QUIET, [1]], [[1], QUIET]),
    "ScoringMemoryHigh": ([[300, 1_593], [900], [1_593], [900], [1_593]], [[1_592]] * 3 + [[1_593]] * 2),
    "ScoringThrottled": ([[3], [0], [0], [3], [0]], [[9], [0], [0], [0], [0]]),
    "ServerErrors": ([[0.0] * 98 + [1.0] * 2] * 3, [[0.0] * 99 + [1.0]] * 5),
    "ServiceDown": ([[1], QUIET, QUIET], [QUIET, [1], QUIET]),
    "SignInsRefused": ([QUIET, [1]], [[1], QUIET]),
    "SignaturesRefused": ([[1] * 11], [[1] * 10]),
    "SlowAnswers": ([SLOW, FAST, SLOW, FAST, SLOW], [SLOW, FAST, SLOW, FAST, FAST]),
    "SpendNotWatched": ([[1]] * 3, [[1], [0], [1], [1]]),
    "TenantsTrespassed": ([QUIET, [1]], [[1], QUIET]),
    "TokenSignInsRefused": ([QUIET, [1]], [[1], QUIET]),
    "UsageNotAudited": ([QUIET, [1]], [[1], QUIET]),
    "UsageNotCounted": ([[1, 2]] * 3, [[1, 2], [1, 0], [1, 2]]),
    "UsageNotTheLedger": ([QUIET, [2]], [QUIET, [0]]),
    "WorkParked": ([QUIET, [1]], [[1], QUIET]),
}
"""A series at whose end each alarm fires, and one at whose end it does not. A period is a list of values."""


def test_every_alarm_has_an_alert_and_series_and_no_entry_is_left_over():
    assert FOUND.keys() | composite_alarms().keys() == ALARMS.keys()
    assert FOUND.keys() == SERIES.keys()


@pytest.mark.parametrize("logical_id", FOUND)
def test_an_alarm_tells_its_start_and_its_end_to_the_topics(logical_id):
    properties = FOUND[logical_id].properties
    pages = [PER_QUEUE] if logical_id == "NotDrained" else [PAGES_TOPIC] if logical_id in PAGING else []
    assert properties["AlarmActions"] == properties["OKActions"] == [ALARMS_TOPIC, *pages]
    assert properties.get("ActionsEnabled", True) is True


@pytest.mark.parametrize("logical_id", FOUND)
def test_an_alarm_is_named_after_the_stack_and_its_logical_id(logical_id):
    (prefix, suffix) = FOUND[logical_id].properties["AlarmName"]["Sub"].split("}-")
    assert prefix in {"${StackName", "${ApiName", "${Name"}
    assert suffix == alarm_suffix(logical_id)


@pytest.mark.parametrize("logical_id", SERIES)
def test_an_alarm_fires_on_the_bad_series_only(logical_id):
    bad, good = SERIES[logical_id]
    assert FOUND[logical_id].fires(bad)
    assert not FOUND[logical_id].fires(good)


@pytest.mark.parametrize("logical_id", SERIES)
def test_an_alarm_clears_after_good_periods(logical_id):
    alarm, bad = FOUND[logical_id], SERIES[logical_id][0]
    good = [alarm.threshold] * alarm.periods
    assert alarm.fires(bad)
    assert not alarm.fires([*bad, *([value] for value in good)])


@pytest.mark.parametrize("logical_id", SERIES)
def test_only_the_dead_men_fire_without_any_data(logical_id):
    assert FOUND[logical_id].fires([]) == (logical_id in {"AlertingSilent", "ServiceDown"})


def test_the_evaluator_counts_m_of_n_and_missing_data():
    common = {"Statistic": "Sum", "Threshold": 1, "EvaluationPeriods": 3, "ComparisonOperator": "GreaterThanThreshold"}
    two = Alarm("x", SOURCES, common | {"DatapointsToAlarm": 2, "TreatMissingData": "notBreaching"})
    assert [two.fires(series) for series in ([[2], [0], [2]], [[2], [2], [0], [0]], [[2], QUIET, QUIET])] == [
        True, False, False,
    ]  # fmt: skip
    missing = Alarm("x", SOURCES, common | {"TreatMissingData": "breaching"})
    assert missing.fires([[2], QUIET, [2]])
    assert not missing.fires([[2], [1], [2]])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_with_alarms_is_given_the_topics(path):
    if path == TEMPLATES[0] or not resources(path, "AWS::CloudWatch::Alarm"):
        return
    needed = {name for name in ("AlarmsTopic", "PagesTopic") if name in template(path)["Parameters"]}
    location = str(path.relative_to(INFRA.parent))
    stacks = resources(TEMPLATES[0], "AWS::Serverless::Application").items()
    given = {name: nested["Parameters"] for name, nested in stacks if nested["Location"] == location}
    optional = {"PagesTopic"} if path.stem == "queue" else set()
    for parameters in given.values():
        topics = {name: parameters[name] for name in ("AlarmsTopic", "PagesTopic") if name in parameters}
        assert needed - optional <= topics.keys()
        assert all(value == {"GetAtt": f"Topics.Outputs.{name}"} for name, value in topics.items())


def test_the_queues_of_alerting_page_the_operators():
    stacks = resources(TEMPLATES[0], "AWS::Serverless::Application").items()
    paging = {
        name
        for name, nested in stacks
        if nested["Location"] == "infra/queue.yaml" and "PagesTopic" in nested["Parameters"]
    }
    assert paging == {"Alerts", "AlertDeliveries"}


def rules():
    """Return the event pattern of each rule that feeds the queue of alerts."""
    return {name: rule["EventPattern"] for name, rule in resources(SOURCES, "AWS::Events::Rule").items()}


def test_the_rules_match_exactly_the_kinds_that_raise_alerts():
    matched = [kind for pattern in rules().values() for kind in pattern["detail-type"]]
    assert sorted(matched) == sorted([*FINDINGS, STACK_CHANGED])
    assert not [kind for kind in matched if kind.startswith("alerts.")]


def test_every_rule_and_the_topic_may_send_to_the_queue():
    (policy,) = resources(SOURCES, "AWS::SQS::QueuePolicy").values()
    statements = {one["Principal"]["Service"]: one["Condition"] for one in policy["PolicyDocument"]["Statement"]}
    assert statements["events.amazonaws.com"] == {
        "ArnEquals": {"aws:SourceArn": [{"GetAtt": f"{name}.Arn"} for name in rules()]}
    }
    assert statements["sns.amazonaws.com"] == {"ArnEquals": {"aws:SourceArn": ALARMS_TOPIC}}
    (subscription,) = resources(SOURCES, "AWS::SNS::Subscription").values()
    assert (subscription["TopicArn"], subscription["RawMessageDelivery"]) == (ALARMS_TOPIC, True)


def test_the_pages_need_no_code_of_vigil():
    topics = INFRA / "topics.yaml"
    (subscription,) = resources(topics, "AWS::SNS::Subscription").values()
    assert (subscription["TopicArn"], subscription["Protocol"]) == ({"Ref": "Pages"}, "email")
    assert subscription["Endpoint"] == {"Ref": "OperatorsEmail"}
    assert "AWS::Serverless" not in topics.read_text()


def test_the_data_key_serves_alarms_and_topics():
    key = resources(INFRA / "data.yaml", "AWS::KMS::Key")["DataKey"]
    (services,) = (
        one["Principal"]["Service"] for one in key["KeyPolicy"]["Statement"] if "Service" in one["Principal"]
    )
    assert {"cloudwatch.amazonaws.com", "sns.amazonaws.com"} <= set(services)
    for topic in resources(INFRA / "topics.yaml", "AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == {"Ref": "DataKeyArn"}


def test_a_metric_of_vigil_names_a_deployed_service():
    services = {each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for each in functions().values()}
    named = {
        each["Value"]
        for alarm in FOUND.values()
        for each in alarm.properties.get("Dimensions", [])
        if isinstance(each["Value"], str) and each["Name"] == "service"
    }
    assert named - services <= {"alerting-sweep"}


def test_a_metric_of_a_filter_has_the_name_of_its_alarm():
    made = {each["MetricTransformations"][0]["MetricName"] for each in metric_filters().values()}
    read = {alarm.properties["MetricName"] for alarm in alarms().values()}
    assert made <= read
