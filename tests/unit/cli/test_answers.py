"""Tests of answers in words."""

from io import StringIO

import pytest
from rich.console import Console

from cli.answers import render_answer


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
    shown = console.file.getvalue()
    assert "…" not in shown
    assert f"band {band}" in shown
    assert "(truth: unknown)" in shown
