"""Planted faults of the calls of OpenAI."""

from datetime import timedelta

from vigil.assistant.answers import openai_selector
from vigil.assistant.answers.ports import TokenUsage
from vigil.outbound import openai_calls


def repeat_lost_answers(monkeypatch):
    """Repeat each request without a usable answer, also one that is billed."""
    monkeypatch.setattr(openai_calls, "_pause_before_repeat", lambda _: timedelta())


def bill_no_lost_answers(monkeypatch):
    """Report no tokens for an answer that is lost."""
    monkeypatch.setattr(openai_selector, "_estimate", lambda _: TokenUsage(0, 0, is_estimate=True))
