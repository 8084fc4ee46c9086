"""The report of an incident as Markdown. Texts of people and of AWS are shown as text, never as markup."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from vigil.operations.incidents.model import Facts
from vigil.operations.incidents.report_model import IncidentFigures, IncidentReport
from vigil.operations.incidents.steps_model import Scope

SECTIONS = (
    "Figures",
    "Subject",
    "Steps",
    "Alert",
    "Deployments",
    "Error groups",
    "Decisions",
    "Cause",
    "Open actions",
    "Timeline",
)
"""Sections of a report in their order. Each is present, also without content."""
_NONE = "None."
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def to_markdown(report: IncidentReport) -> str:
    """Return a report as Markdown with all sections."""
    contents = (
        _figures(report.figures),
        _facts(_subject(report.scope)),
        _steps(report),
        _text(report.alert_id),
        _facts(report.deployments),
        _facts(report.error_groups),
        _facts(report.decisions),
        _text(report.cause),
        _list(map(_escaped, report.open_actions)),
        _timeline(report),
    )
    head = f"# Incident {_escaped(report.incident_id)}: {_escaped(report.title)}\n\nState: {report.state}. "
    head += f"Opened by {_escaped(report.opened_by)}.\n"
    parts = (f"## {name}\n\n{content}\n" for name, content in zip(SECTIONS, contents, strict=True))
    return "\n".join((head, *parts))


def _figures(figures: IncidentFigures) -> str:
    rows = [(each.name.replace("_", " "), _value(getattr(figures, each.name))) for each in fields(figures)]
    return _table(("figure", "value"), rows)


def _subject(scope: Scope) -> Facts:
    texts = {each.name: getattr(scope, each.name) for each in fields(scope) if each.name != "incident_id"}
    return tuple((name, ", ".join(text) if isinstance(text, tuple) else text) for name, text in texts.items() if text)


def _steps(report: IncidentReport) -> str:
    rows = [
        (str(step.number), step.title, step.status, f"{step.minutes} min", _value(step.seconds), step.text)
        for step in report.steps
    ]
    return _table(("step", "title", "state", "time allowed", "seconds", "result"), rows)


def _timeline(report: IncidentReport) -> str:
    rows = [
        (entry.at, entry.kind.replace("_", " "), str(entry.step or ""), entry.by, entry.text, _joined(entry.facts))
        for entry in report.timeline
    ]
    return _table(("time", "act", "step", "by", "text", "facts"), rows)


def _joined(facts: Facts) -> str:
    return "; ".join(f"{name}: {text}" for name, text in facts)


def _facts(facts: Facts) -> str:
    return _list(f"{_escaped(name)}: {_escaped(text)}" for name, text in facts)


def _text(text: str) -> str:
    return _escaped(text) if text else _NONE


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines) or _NONE


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(value: Any) -> str:
    if value is None:
        return ""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _escaped(text: str) -> str:
    """Return a text on one line without markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
