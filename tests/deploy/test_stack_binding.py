"""Two stacks in one account and region share no metric, alarm, panel, query or log group."""

import json
import re
from collections.abc import Mapping

import pytest

from cli.checkout import ROOT as CHECKOUT
from cli.dashboards.queries import QUERIES
from tests.support.templates import INFRA, ROOT, TEMPLATES, resources, template
from vigil.alerting.sources.alarms_model import alarm_names
from vigil.bootstrap.operations import QUEUES

STACK = ("${AWS::StackName}", "${StackName}", "${ApiName}")
"""The name of the stack in the templates."""
OWN = {"Vigil/${StackName}", "Vigil/${ApiName}"}
NAMED = {"AlarmName", "FunctionName", "LogGroupName", "LogGroupNames", "QueueName", "TopicName"}
QUEUE = "${Name}-"
"""Beginning of the names of a queue's alarms: the template of a queue gets its name with that of the stack."""
NAMES = (*(f"{name}-" for name in STACK), QUEUE, "${Functions}-")
PATTERN = re.compile(r"\$\{(?:AWS::StackName|StackName|ApiName|Name)\}[a-z-]*\*")
LITERAL_NAMESPACE = re.compile(r"""[Nn]amespace["']?[:=]\s?["']Vigil["']""")
OF_THE_ACCOUNT = {"LoopsStopped": "Lambda counts loops of unknown functions for the account only."}
PERMISSIONS = {
    "MayInvoke": "The policy of a function has 20 KB, less than a statement per log group. Subscriptions are exact.",
    "IncidentsStepsRole": "A role has 10 KB, less than the names of all functions and queues. The code names each.",
}
"""Permissions with a pattern of names. They let a stack act on another one of the account, but find nothing."""


def walk(value, path=()):
    """Yield every value of a document with its path."""
    yield path, value
    children = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from walk(child, (*path, key))


def text(value):
    """Return the text of a value of a template; a reference to a parameter is `${parameter}`."""
    if not isinstance(value, Mapping):
        return str(value)
    ((function, argument),) = value.items()
    return argument if function == "Sub" else f"${{{argument}}}"


def metrics(path):
    """Yield the resource, the namespace and the dimensions of every metric that a template names."""
    for where, value in walk(template(path)):
        if isinstance(value, Mapping) and (found := value.get("Namespace", value.get("MetricNamespace"))):
            yield where[1], text(found), value.get("Dimensions", [])


def is_bound(value):
    """Return True if a value contains a parameter or an attribute, which only one stack has."""
    return isinstance(value, Mapping) or "${" in str(value)


def unbound(path):
    """Return the resources of a template with a metric that other stacks of the account have too."""
    return {
        resource
        for resource, namespace, dimensions in metrics(path)
        if not (
            namespace in OWN or (namespace.startswith("AWS/") and any(is_bound(one["Value"]) for one in dimensions))
        )
    }


def test_every_metric_of_a_template_is_one_of_its_stack():
    assert sum(1 for path in TEMPLATES for _ in metrics(path)) > 60
    assert set().union(*map(unbound, TEMPLATES)) == OF_THE_ACCOUNT.keys()


def test_nested_stacks_get_the_name_of_the_root_stack():
    nested = resources(ROOT, "AWS::Serverless::Application").values()
    given = [
        one["Parameters"].get(name)
        for one in nested
        for name in template(ROOT.parent / one["Location"])["Parameters"].keys() & {"StackName", "ApiName"}
    ]
    assert len(given) > 10
    assert [each for each in given if each != {"Ref": "AWS::StackName"}] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_names_of_alarms_functions_queues_and_logs_begin_with_the_stack(path):
    for where, value in walk(template(path)):
        if where[-1:] and where[-1] in NAMED and where[0] == "Resources":
            for name in value if isinstance(value, list) else [value]:
                found = text(name).removeprefix("/aws/lambda/")
                assert found.startswith(NAMES) or "Ref" in name or "GetAtt" in name, (where, name)


def test_only_stated_permissions_have_a_pattern_of_names():
    found = {
        where[1]
        for path in TEMPLATES
        for where, value in walk(template(path))
        if isinstance(value, str) and PATTERN.search(value)
    }
    assert found == PERMISSIONS.keys()


def test_every_panel_reads_metrics_of_its_stack():
    (dashboard,) = resources(INFRA / "dashboard.yaml", "AWS::CloudWatch::Dashboard").values()
    widgets = [each["properties"] for each in json.loads(dashboard["DashboardBody"]["Sub"])["widgets"]]
    series = [one for widget in widgets for one in widget.get("metrics", [])]
    assert len(series) > 30
    for one in series:
        if isinstance(one[0], Mapping):
            assert '{"Vigil/${StackName}",' in one[0]["expression"]
        else:
            namespace, _, *dimensions, _ = one
            assert namespace in OWN or (namespace.startswith("AWS/") and any(map(is_bound, dimensions[1::2])))
    assert all(":alarm:${StackName}-" in arn for widget in widgets for arn in widget.get("alarms", []))


def test_every_panel_of_grafana_reads_metrics_of_its_stack():
    document = json.loads((CHECKOUT / "docs/operations/grafana.json").read_text())
    targets = [each for panel in document["panels"] for each in panel["targets"]]
    for one in targets:
        own = one["namespace"] == "Vigil/$stack" or '{"Vigil/$stack",' in one["expression"]
        assert own or any("$" in value for value in one["dimensions"].values())
    tables = [each["regex"] for each in document["templating"]["list"] if each["name"].endswith("_table")]
    of_another_stack = "vigil-staging-Data-1A2B3C4D5E6F7-DecisionsTable-1A2B3C4D5E6F7"
    for pattern in tables:
        assert not re.search(pattern.strip("/").replace("$stack", "vigil"), of_another_stack)


def test_saved_queries_have_the_name_of_the_stack():
    found = resources(INFRA / "queries.yaml", "AWS::Logs::QueryDefinition").values()
    assert [text(each["Name"]) for each in found] == [f"${{StackName}}/{query.name}" for query in QUERIES]


def test_names_of_firing_alarms_are_those_of_the_templates():
    made = set()
    for path in TEMPLATES:
        for alarm in resources(path, "AWS::CloudWatch::Alarm").values():
            name = text(alarm["AlarmName"])
            made |= {name.replace("${Name}", each) for each in QUEUES} if name.startswith(QUEUE) else {name}
    names = {re.sub(r"^\$\{\w+\}-", "", name) for name in made}
    assert names <= alarm_names(QUEUES)


def test_no_code_names_a_namespace_without_its_stack():
    files = [path for folder in ("layers/core/vigil", "cli") for path in (CHECKOUT / folder).rglob("*.py")]
    assert [path.name for path in files if LITERAL_NAMESPACE.search(path.read_text())] == []
