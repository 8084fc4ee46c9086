"""The generated dashboards are valid, have the panels of the table, and agree with the alarms of the templates."""

import json
import re
from copy import deepcopy

import jsonschema
import pytest

from cli.dashboards.panels import build_panels
from cli.dashboards.queries import QUERIES
from cli.dashboards.templates import alarm_names, function_names, queue_names
from cli.pages import ROOT
from tests.support.alarms import alarms
from tests.support.dashboard_schema import DASHBOARD_SCHEMA
from tests.support.formula_alarms import composite_alarms
from tests.support.templates import INFRA, TEMPLATES, resources, template
from vigil.alerting.sources.alarms_model import PER_QUEUE, alarm_suffix

PANELS = build_panels()
GRAFANA = json.loads((ROOT / "docs/operations/grafana.json").read_text())
VARIABLE = re.compile(r"\$\{(\w+)\}")
SUBSTITUTED = re.compile(r"\$\{(?:AWS::)?(\w+)\}")
NESTED = "AWS::Serverless::Application"
WANTED = (
    *("Request rate", "Error rate", "Latency", "Active predictions", "Model accuracy", "Open findings"),
    *("Risk levels", "Database", "Queue depth", "Circuit breakers", "Resources", "Recent alerts"),
)


def body():
    """Return the body of the dashboard, as CloudFormation substitutes its variables."""
    (dashboard,) = resources(INFRA / "dashboard.yaml", "AWS::CloudWatch::Dashboard").values()
    return json.loads(SUBSTITUTED.sub(r"\1", dashboard["DashboardBody"]["Sub"]))


def stacks(path):
    """Return the parameters of each nested stack of a template."""
    found = resources(TEMPLATES[0], NESTED).items()
    return {name: nested["Parameters"] for name, nested in found if nested["Location"] == path}


def test_the_body_of_the_dashboard_fits_the_format():
    jsonschema.validate(body(), DASHBOARD_SCHEMA)


def test_the_schema_refuses_a_widget_without_metrics():
    broken = body()
    del broken["widgets"][0]["properties"]["metrics"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, DASHBOARD_SCHEMA)


def test_both_dashboards_have_every_panel():
    titles = [widget["properties"]["title"] for widget in body()["widgets"]]
    assert titles == [panel.title for panel in PANELS] == [panel["title"] for panel in GRAFANA["panels"]]
    assert set(WANTED) <= set(titles)


def test_no_widgets_overlap():
    taken = [(widget["x"], widget["y"]) for widget in body()["widgets"]]
    assert len(set(taken)) == len(taken)
    assert {x for x, _ in taken} == {0, 8, 16}


def test_the_dashboard_is_given_each_variable_that_it_names():
    text = (INFRA / "dashboard.yaml").read_text()
    (given,) = stacks("infra/dashboard.yaml").values()
    assert set(VARIABLE.findall(text)) == given.keys() == template(INFRA / "dashboard.yaml")["Parameters"].keys()


@pytest.fixture(scope="module")
def unknown_fields():
    """Function that returns the paths of fields of a document that Grafana's models do not know."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.cloudwatch import CloudWatchAnnotationQuery
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()

    def find(document):
        document = deepcopy(document)
        # The model of a dashboard knows no query of an annotation: it depends on the data source.
        queries = [annotation.pop("target") for annotation in document["annotations"]["list"]]
        pairs = [(Dashboard, document), *((CloudWatchAnnotationQuery, query) for query in queries)]
        encode = JSONEncoder(sort_keys=True).encode
        return [path for model, one in pairs for path in lost(one, json.loads(encode(model.from_json(one))))]

    return find


def test_the_json_of_grafana_has_only_fields_that_grafana_knows(unknown_fields):
    assert unknown_fields(GRAFANA) == []
    misspelled = deepcopy(GRAFANA)
    misspelled["panels"][0]["targets"][0]["metric_name"] = "Count"
    assert unknown_fields(misspelled) == [".panels[0].targets[0].metric_name"]


def lost(written, read, path=""):
    """Return the paths of the fields that are in the first document and not in the second."""
    if isinstance(written, dict):
        return [p for name, value in written.items() for p in lost(value, (read or {}).get(name), f"{path}.{name}")]
    if isinstance(written, list):
        pairs = zip(written, [*(read or []), *[None] * len(written)], strict=False)
        return [p for number, (a, b) in enumerate(pairs) for p in lost(a, b, f"{path}[{number}]")]
    return [] if written == read or written in (None, "") else [path]


def test_grafana_has_variables_for_source_region_and_stack():
    names = [variable["name"] for variable in GRAFANA["templating"]["list"]]
    assert names[:3] == ["datasource", "region", "stack"]
    used = set(re.findall(r"\$([a-z_]+)", json.dumps([GRAFANA["panels"], GRAFANA["annotations"]])))
    assert used == set(names)


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel.alarm], ids=lambda panel: panel.title)
def test_a_threshold_of_a_panel_is_that_of_its_alarm(panel):
    (alarm,) = [found for name, found in alarms().items() if alarm_suffix(name) == panel.alarm]
    assert panel.threshold == alarm.threshold
    name = alarm.properties["MetricName"]
    assert (name["Sub"] if isinstance(name, dict) else name) in {key.name for one in panel.series for key in one.keys}


def test_the_names_of_queues_and_alarms_are_those_of_the_templates():
    queues = stacks("infra/queue.yaml").values()
    names = {parameters["Name"]["Sub"].removeprefix("${AWS::StackName}-") for parameters in queues}
    assert set(queue_names()) == names
    single = {alarm_suffix(name) for name in {*alarms(), *composite_alarms()} - {*PER_QUEUE}}
    late = {each["Name"]["Sub"].removeprefix("${AWS::StackName}-") for each in queues if each.get("LateSeconds") != 0}
    assert set(alarm_names()) == single | {f"{n}-not-drained" for n in names} | {f"{n}-queue-late" for n in late}


def test_every_function_has_a_log_group_that_the_queries_read():
    folders = {path.parent.name.replace("_", "-") for path in ROOT.glob("functions/*/handler.py")}
    assert set(function_names()) == folders


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_saved_query_reads_existing_log_groups(query):
    found = resources(INFRA / "queries.yaml", "AWS::Logs::QueryDefinition")[query.logical_id]
    names = [each["Sub"].removeprefix("/aws/lambda/${StackName}-") for each in found["LogGroupNames"]]
    assert set(names) == set(query.functions or function_names())
    assert (
        len(names) <= 50
    )  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
    assert found["QueryString"].strip() == query.text
