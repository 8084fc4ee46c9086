"""Faults of OpenAI, drawn by seed: few requests, a bill that is covered, and always an answer within 20 seconds."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.faults import planted_openai
from tests.support.fakes.openai_server import Step, lose, refuse, say
from tests.support.selections import QUESTION, SENTENCES, Models, ranked
from vigil.assistant.answers.ports import NoSelection, Selected
from vigil.assistant.retrieval.ports import NotEmbedded
from vigil.outbound.requests import NoAnswer

CALLS = 8
"""Calls of each model for one kind of fault and one seed."""
SEEDS = 50
FAULTS = {
    "unreachable": lambda _: lose("unreachable"),
    "hanging": lambda _: lose("hang"),
    "slow": lambda draw: replace(lose("trickle"), seconds=draw.uniform(0, 20)),
    "cut": lambda draw: lose(draw.choice(["cut", "reset"])),
    "huge": lambda _: lose("huge"),
    "throttled": lambda draw: refuse(429, draw.choice(["rate_limit_exceeded", "insufficient_quota"]), **pause(draw)),
    "failing": lambda draw: refuse(draw.choice([500, 502, 503, 529, 408, 409]), **pause(draw)),
    "senseless": lambda draw: say(draw.choice(["", "null", "I am sorry.", '{"answerable": true}'])),
}


def pause(draw):
    return draw.choice([{}, {"Retry_After": str(draw.randint(0, 5))}])


def step(kind, draw):
    """Return a step of the kind, or a good one, after up to 16 seconds."""
    found = FAULTS[kind](draw) if draw.random() < 0.6 else Step()
    return replace(found, seconds=found.seconds or draw.choice([0, draw.uniform(0, 16)]))


def select(models):
    """Return the tokens of a selection, and True if they are an estimate."""
    try:
        found = models.selector.select("acme", QUESTION, {}, ranked(*SENTENCES))
        assert isinstance(found, Selected)
    except NoSelection as error:
        found = error
    usage = found.usage
    return (usage.input_tokens, usage.output_tokens, usage.is_estimate) if usage else (0, 0, False)


def embed(models):
    """Return the tokens of an embedding. They are an estimate if an answer was lost."""
    try:
        found = models.embedder.embed("acme", ["zinc", "iron"])
    except NotEmbedded as error:
        return error.tokens, 0, isinstance(error.__cause__, NoAnswer)
    assert len(found.vectors) == 2
    return found.tokens, 0, False


def may_be_repeated(made):
    """Return True if the vendor got no request, or has answered with an error."""
    return made.loss == "unreachable" or (made.error is not None and made.seconds < 15)


def run(kind, seed, **limits):
    """Make calls under faults; check the requests, the time and the bill of each."""
    draw, models = Random(f"{kind} {seed}"), Models(**limits)
    for number in range(CALLS):
        call = select if number % 2 else embed
        models.fake.script = [step(kind, draw) for _ in range(4)]
        script, sent, bills = [*models.fake.script], len(models.way_out.sent), len(models.fake.bills)
        began = models.clock.now
        *tokens, is_estimate = call(models)
        made, billed = script[: len(models.way_out.sent) - sent], models.fake.bills[bills:]
        assert len(made) <= 2, "a call makes at most two requests"
        assert len(made) < 2 or may_be_repeated(made[0]), "a lost answer is not repeated"
        assert len(billed) <= 1, "a billed request is not repeated"
        assert models.clock.now - began <= timedelta(seconds=20), "an answer takes at most 20 seconds"
        expected = [sum(bill.input_tokens for bill in billed), sum(bill.output_tokens for bill in billed)]
        covers = all(mine >= theirs for mine, theirs in zip(tokens, expected, strict=True))
        assert covers if is_estimate else tokens == expected, "the bill is covered"
        models.clock.advance(seconds=draw.choice([0, 1, 60]))


def run_all(kind, **limits):
    for seed in range(SEEDS):
        run(kind, seed, **limits)


@pytest.mark.parametrize("kind", FAULTS)
def test_each_kind_of_fault_costs_little_and_is_billed_once(kind):
    for seed in range(4):
        run(kind, seed)


@pytest.mark.faults
@pytest.mark.parametrize("kind", FAULTS)
def test_fifty_seeds_of_each_kind_cost_little_and_are_billed_once(kind):
    run_all(kind)


def test_a_repeat_after_a_lost_answer_is_found(monkeypatch):
    planted_openai.repeat_lost_answers(monkeypatch)
    with pytest.raises(AssertionError, match="not repeated"):
        run_all("cut")


def test_a_lost_answer_without_a_bill_is_found(monkeypatch):
    planted_openai.bill_no_lost_answers(monkeypatch)
    with pytest.raises(AssertionError, match="covered"):
        run_all("hanging")


def test_a_longer_limit_is_found():
    with pytest.raises(AssertionError, match="20 seconds"):
        run_all("hanging", total=60, seconds=50)
