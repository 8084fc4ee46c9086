"""Words of the report: the state in one line, the next steps, and how to read the rest."""

from datetime import date

from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.suppression_model import round_figure
from vigil.monitoring.findings.words_model import next_step
from vigil.monitoring.report.facts_model import HealthFacts
from vigil.monitoring.report.model import OpenFinding, Status
from vigil.prediction.engines.group_attributes import MAX_GROUPS

MIN_ROWS = 100
"""Minimum counted decisions in the window of a quiet model."""
GUIDANCE = (
    "Begin with the first line: a quiet model needs no action, and an alarm names one next step.",
    "An alarm is a change too large and too clear for chance; about one a year is false.",
    "An interval contains the true value in about 95 of 100 cases, and it is wide if few people were counted.",
    "“Insufficient” does not mean “good”: too few people were counted to know.",
    "To protect people, counts below 11 appear as “< 11”, other counts are rounded to 20, and shares fit them.",
)
"""Five sentences on how to read any report."""


def describe_reading(facts: HealthFacts) -> tuple[str, ...]:
    """Return the sentences on how to read a report: `GUIDANCE`, and one more if intersections are not judged."""
    if not facts.unjudged:
        return GUIDANCE
    names = ", ".join(facts.unjudged)
    return (*GUIDANCE, f"With {names}, the model has more than {MAX_GROUPS} groups, so these pairs are not judged.")


def describe_status(facts: HealthFacts) -> Status:
    """Return the state of a model with its next steps: `alarm`, else `settling`, else `insufficient`, else `quiet`.

    The first state that applies is returned. Findings are in the order of their days, the oldest first. Equal next
    steps appear once.
    """
    findings = sorted(facts.findings, key=lambda finding: (finding.day, finding.kind, finding.subjects))
    if findings:
        since = findings[0].day
        steps = dict.fromkeys(map(next_step, findings))
        return Status("alarm", since, _alarm_line(findings, facts.until), tuple(steps), tuple(map(_open, findings)))
    if facts.is_settling:
        advice = "Wait. Alarms begin when enough decisions describe the usual state."
        return Status("settling", None, "Settling: the usual state is still being counted.", (advice,))
    if facts.volume.counted < MIN_ROWS:
        advice = "Check that requests reach the model. A longer window may have enough decisions."
        return Status("insufficient", None, f"Insufficient: fewer than {MIN_ROWS} decisions to judge.", (advice,))
    return Status("quiet", None, "Quiet: no alarm is open.", ("Nothing to do.",))


def _alarm_line(findings: list[Finding], until: str) -> str:
    days = (date.fromisoformat(until) - date.fromisoformat(findings[0].day)).days + 1
    number = "One alarm is open" if len(findings) == 1 else f"{len(findings)} alarms are open"
    return f"Alarm: day {days}. {number}."


def _open(finding: Finding) -> OpenFinding:
    return OpenFinding(
        kind=finding.kind,
        family=finding.family,
        subjects=finding.subjects,
        day=finding.day,
        since=finding.since,
        e_value=round_figure(finding.e_value, 2) or 0.0,
        recommendation=finding.recommendation,
        text=finding.text,
    )
