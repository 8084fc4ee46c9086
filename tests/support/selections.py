"""Passages, and the two models of OpenAI over a fake of the vendor, on the clock of a test."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from random import Random

from tests.support.fakes.circuits import FakeCircuitStore, FakeObserver
from tests.support.fakes.clock import Clock
from tests.support.fakes.openai_server import CHAT_MODEL, KEY, FakeOpenAi
from tests.support.fakes.openai_ways import FakeWayOut, serving
from vigil.assistant.answers.model import RankedPassage
from vigil.assistant.answers.openai_selector import CIRCUIT, OpenAiSelector, SelectorParts
from vigil.assistant.passages.model import Passage, PassageId, Span
from vigil.assistant.retrieval import openai_embedder
from vigil.assistant.retrieval.openai_embedder import OpenAiEmbedder
from vigil.outbound.breakers.registry import CircuitBreakers
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.service import BreakerParts
from vigil.outbound.destinations import AllowedDestinations, host_and_port
from vigil.outbound.guarded_https import GuardedHttps
from vigil.outbound.https import Outbound
from vigil.outbound.openai_calls import CallLimits, OpenAiAccount, OpenAiCalls
from vigil.outbound.ports import Https

ADDRESS = "https://api.openai.com/v1"
SENTENCES = (
    ("Give amoxicillin 40 mg per kg twice daily.", "Do not give it to patients with penicillin allergy."),
    ("Measure blood pressure at each visit.",),
    ("Zinc shortens diarrhoea.", "Give 20 mg daily for 10 days.", "Below 6 months give 10 mg."),
)
QUESTION = "Which dose of zinc shortens diarrhoea in a child?"


def ranked(*passages: tuple[str, ...]) -> list[RankedPassage]:
    """Return passages of one document with these sentences."""
    return [RankedPassage(_passage(number, sentences), 0.5) for number, sentences in enumerate(passages, 1)]


def _passage(number: int, sentences: tuple[str, ...]) -> Passage:
    text, spans = "", []
    for sentence in sentences:
        start = len(text.encode())
        text += f"{sentence} "
        spans.append(Span(start, start + len(sentence.encode())))
    place = Span(0, len(text.encode()))
    return Passage(PassageId("guide", 1, number), text, place, tuple(spans), ("Children", "Dose"))


@dataclass
class Models:
    """A selector and an embedder over one fake vendor. `canaries` counts answers with a canary."""

    fake: FakeOpenAi = field(default_factory=FakeOpenAi)
    clock: Clock = field(default_factory=Clock)
    https: Https | None = None
    address: str = ADDRESS
    total: float = 20
    seconds: float = 15
    key: Callable[[], str] = lambda: KEY
    canaries: int = 0

    def __post_init__(self) -> None:
        self.way_out = FakeWayOut(self.fake, self.clock)
        numbers = count(1)
        guard = BreakerParts(FakeCircuitStore(), FakeObserver(), self.clock, Random(7), BreakerRules())
        self.breakers = CircuitBreakers(guard)
        limits = CallLimits(
            timedelta(seconds=self.total), timedelta(seconds=self.seconds), 1 << 18, timedelta(seconds=4)
        )
        calls = self._calls(CIRCUIT, limits)
        draw = lambda size: f"{next(numbers):0{2 * size}x}"  # noqa: E731 - distinct texts, the same in each run
        self.selector = OpenAiSelector(SelectorParts(calls, CHAT_MODEL, lambda: b"key", self._count, draw))
        limits = CallLimits(timedelta(seconds=9), timedelta(seconds=9), 2 << 20)
        self.embedder = OpenAiEmbedder(self._calls(openai_embedder.CIRCUIT, limits), 384)

    def _count(self) -> None:
        self.canaries += 1

    def _calls(self, circuit: str, limits: CallLimits) -> OpenAiCalls:
        https = GuardedHttps(self.https or self.way_out, self.breakers, circuit)
        account = OpenAiAccount(self.address, self.key)
        return OpenAiCalls(account, limits, https, self.clock, lambda seconds: self.clock.advance(seconds=seconds))


@contextmanager
def served_models() -> Iterator[Callable[..., Models]]:
    """Run the fake on a port of loopback; yield a function that makes models over Vigil's own way out to it."""
    fake = FakeOpenAi()
    with serving(fake) as address:
        allowed = AllowedDestinations({host_and_port(address)}, is_local=True)
        outbound = Outbound(allowed, ssl.create_default_context())
        yield lambda **more: Models(fake, https=outbound, address=address, **more)
