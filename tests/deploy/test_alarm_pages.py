"""Every alarm has a section in the documentation, which its description and its alert name."""

import re

import pytest

from cli.dashboards.panels import build_panels
from cli.dashboards.queries import QUERIES
from cli.dashboards.templates import alarm_names
from cli.pages import ROOT
from tests.support.alarms import alarms
from tests.support.formula_alarms import composite_alarms
from vigil.alerting.sources.alarms_model import ALARMS, PAGE, alarm_event, alarm_suffix
from vigil.operations.incidents.alerts_model import incident_type_of
from vigil.operations.incidents.runbooks_model import RUNBOOKS

FOUND = alarms()
TEXT = (ROOT / PAGE).read_text()
SECTIONS = dict(re.findall(r"^## ([a-z-]+)\n\n((?:(?!## ).*\n?)*)", TEXT, re.MULTILINE))
RUNBOOK = re.compile(r"runbooks/([a-z_]+)\.md")
DASHBOARDS = (ROOT / "docs/operations/dashboards.md").read_text()
STACK = "arn:aws:cloudwatch:eu-west-1:1:alarm:vigil"


def described(logical_id):
    """Return the text of an alarm's description, as CloudFormation reads it."""
    return FOUND[logical_id].properties["AlarmDescription"]


def test_the_page_has_a_section_for_every_alarm_and_no_other():
    assert SECTIONS.keys() == set(map(alarm_suffix, FOUND))


@pytest.mark.parametrize("logical_id", FOUND)
def test_a_section_has_the_runbook_of_its_alert_or_steps(logical_id):
    section, rule = SECTIONS[alarm_suffix(logical_id)], ALARMS[logical_id]
    runbook = incident_type_of(rule.type, rule.source)
    steps = () if runbook else ("Do",)
    assert re.findall(r"^\* \*\*([A-Z][a-z]+(?: [a-z]+)?)", section, re.MULTILINE) == [
        *("Alarm", "Meaning", "Look at", "Runbook", *steps, "Cleared by"),
    ]
    assert RUNBOOK.findall(section) == [runbook] * 2 if runbook else "**Runbook:** none.\n" in section


@pytest.mark.parametrize("logical_id", FOUND)
def test_a_section_has_both_spellings_of_its_alarm(logical_id):
    assert SECTIONS[alarm_suffix(logical_id)].startswith(f"* **Alarm.** `{logical_id}`\n")


def test_the_commands_of_the_page_name_an_alarm_and_a_function_that_exist():
    names = re.findall(r"--alarm-name vigil-prod-(\S+)", TEXT)
    assert len(names) == 2
    assert set(names) <= SECTIONS.keys()
    assert re.findall(r"^    aws logs tail /aws/lambda/vigil-prod-(\S+)", TEXT, re.MULTILINE) == ["alerting-intake"]
    assert "/aws/lambda/${StackName}-alerting-intake" in (ROOT / "infra/functions/alerting.yaml").read_text()


@pytest.mark.parametrize("logical_id", FOUND)
def test_a_section_says_if_the_alarm_pages_and_if_a_person_ends_it(logical_id):
    section = SECTIONS[alarm_suffix(logical_id)]
    pages = {"Ref": "PagesTopic"} in FOUND[logical_id].properties["AlarmActions"]
    assert ("**Pages.**" in section) == pages
    assert ("a person resolves the alert" in section) == (not ALARMS[logical_id].is_cleared_by_ok)


@pytest.mark.parametrize("logical_id", FOUND)
def test_a_description_ends_with_the_address_of_its_section(logical_id):
    assert described(logical_id).endswith(f". See {PAGE}#{alarm_suffix(logical_id)}.")


def alert_of(logical_id, description):
    """Return the alert of an alarm that fires."""
    return alarm_event(
        {
            "AlarmName": f"vigil-{alarm_suffix(logical_id)}",
            "AlarmDescription": description,
            "NewStateValue": "ALARM",
            "StateChangeTime": "2026-11-21T05:00:00.000+0000",
            "AlarmArn": f"{STACK}-{alarm_suffix(logical_id)}",
        }
    )


@pytest.mark.parametrize("logical_id", FOUND)
def test_the_alert_of_an_alarm_names_its_section(logical_id):
    alert = alert_of(logical_id, described(logical_id))
    assert dict(alert.facts)["help"] == f"{PAGE}#{alarm_suffix(logical_id)}"
    assert described(logical_id).startswith(alert.title)
    assert "docs/" not in alert.title


def test_every_alert_of_an_alarm_names_a_section_that_exists():
    for logical_id in ALARMS:
        page, _, anchor = dict(alert_of(logical_id, "It fires.").facts)["help"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_alarms_of_objectives_name_the_page_of_objectives():
    for logical_id, properties in composite_alarms().items():
        description = properties["AlarmDescription"]
        alert = alert_of(logical_id, description)
        assert description == f"{alert.title} See {dict(alert.facts)['help']}."


def test_every_runbook_is_that_of_some_alarm():
    assert set(RUNBOOK.findall(TEXT)) == RUNBOOKS.keys()


def test_the_page_of_dashboards_lists_every_panel_and_query():
    assert [panel.title for panel in build_panels() if panel.title not in DASHBOARDS] == []
    assert [query.name for query in QUERIES if f"| {query.name} |" not in DASHBOARDS] == []


def test_the_picture_has_every_panel():
    from cli.dashboards.picture import PICTURE  # imports matplotlib

    texts = PICTURE.read_text()
    assert [panel.title for panel in build_panels() if f">{panel.title}</text>" not in texts] == []


def test_the_page_names_the_number_and_price_of_the_alarms():
    count = len({*alarm_names()} - {alarm_suffix(name) for name in composite_alarms()})
    assert f"{count} cost ${count / 10:.2f}" in TEXT
    assert f"{count} alarms cost ${count / 10:.2f}" in (ROOT / "docs/running-costs.md").read_text()


def test_the_table_of_signals_links_to_every_alarm():
    table = "\n".join(line for line in TEXT.splitlines() if line.startswith("|"))
    assert set(re.findall(r"\]\(#([a-z-]+)\)", table)) == SECTIONS.keys()
