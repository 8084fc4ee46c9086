"""The page of each runbook shows its steps as the data has them."""

import re
from pathlib import Path

import pytest

from vigil.operations.incidents.alerts_model import ALERT_RULES
from vigil.operations.incidents.runbooks_model import RUNBOOKS, RunbookStep

DOCS = Path(__file__).parents[4] / "docs" / "operations"
CONSEQUENCES = {"stop": "the next step waits", "continue": "it is a finding", "escalate": "the incident escalates"}


def row(number: int, step: RunbookStep) -> str:
    second = ", second person" if step.needs_second_person else ""
    repeats = f", {step.repeats} in a row" if step.repeats > 1 else ""
    uses = " or ".join(f"`{name}`" for name in step.uses)
    consequence = "" if step.kind == "manual" else CONSEQUENCES[step.on_failure]
    cells = (str(number), f"{step.kind}{second}{repeats}", step.title, str(step.minutes), uses, consequence)
    return f"| {' | '.join(cells)} |"


def opening_alerts(incident: str) -> str:
    rules = [rule for rule in ALERT_RULES if rule.incident == incident]
    return ", ".join(f"`{rule.type}`" + (f" of `{rule.source}…`" if rule.source else "") for rule in rules)


@pytest.mark.parametrize("name", RUNBOOKS)
def test_the_page_of_a_runbook_has_its_steps_and_minutes(name):
    book, page = RUNBOOKS[name], (DOCS / "runbooks" / f"{name}.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    assert rows == [row(number, step) for number, step in enumerate(book.steps, 1)]
    assert f"escalates {book.minutes} minutes after its opening" in page
    assert f"Alerts that can open it: {opening_alerts(name)}.\n" in page


def test_the_table_of_incidents_has_every_runbook():
    page = (DOCS / "incidents.md").read_text()
    for name, book in RUNBOOKS.items():
        cells = (
            f"`{name}`",
            f"[page](runbooks/{name}.md)",
            str(len(book.steps)),
            str(book.minutes),
            opening_alerts(name),
        )
        assert f"| {' | '.join(cells)} |" in page
    assert len(list((DOCS / "runbooks").glob("*.md"))) == len(RUNBOOKS)
