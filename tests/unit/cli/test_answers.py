"""Answers in words are whole at every width of the terminal."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.answers import render_answer

ANSWER = {
    "probability": 0.31,
    "band": "very_high",
    "decision": "call_patient_today",
    "abstention": None,
    "explanation": [{"contribution": 0.4, "text": "Age: 40 years; raises the chance of trouble."}],
    "warnings": [],
}


def shown(subject_id, width):
    console = Console(file=StringIO(), width=width)
    console.print(
        render_answer({**ANSWER, "subject_id": subject_id}, ["low", "very_high"], 2, "(truth: yes)"), crop=False
    )
    return console.file.getvalue()


@given(st.integers(1, 128), st.integers(40, 200))
def test_a_subject_id_of_any_length_leaves_every_part_whole(length, width):
    subject_id = ("0123456789" * 13)[:length]
    output = shown(subject_id, width)
    for part in ("31 %", "band very_high", "\u2192 call patient today", "(truth: yes)", "Age: 40 years"):
        assert part in output
    assert subject_id in output.replace("\n   ", "").replace("\n", "").replace(" ", "")
    assert "\u2026" not in output
    assert max(map(len, output.splitlines())) <= width


def test_a_short_subject_id_has_one_line_with_its_facts():
    first = shown("p-1", 100).splitlines()[0]
    assert first.startswith("   p-1  \u2588\u2588\u2588")
    assert first.endswith("  31 %  band very_high  \u2192 call patient today  (truth: yes)")


def test_a_long_subject_id_has_a_line_of_its_own():
    lines = [line.strip() for line in shown("s" * 77, 80).splitlines()]
    assert lines[0] == "s" * 77
    assert lines[1].endswith("31 %  band very_high  \u2192 call patient today  (truth: yes)")


@pytest.mark.parametrize(
    ("subject", "probability", "band", "decision"),
    [
        ("sim-005533", 0.21, "moderate", "send_reminder"),
        ("sim-005533", 0.001, "low", "routine_follow_up"),
        ("flow-4000-0000", 0.9, "high", "stop_for_review"),
        ("lead-00001", 0.2, "moderate", "write_personally"),
    ],
)
def test_an_answer_on_80_columns_is_not_cut(subject, probability, band, decision):
    console = Console(file=StringIO(), width=80)
    answer = {"subject_id": subject, "probability": probability, "band": band, "decision": decision}
    answer |= {"explanation": None, "abstention": None, "warnings": []}
    console.print(render_answer(answer, ["low", "moderate", "high"], 2, "(truth: unknown)"))
    output = console.file.getvalue()
    assert "…" not in output
    assert f"band {band}" in output
    assert "(truth: unknown)" in output
