"""The order of notices: after any course, the incident at the vendor has the state of the alert."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.notices import FINGERPRINT, episode, notice
from tests.support.notice_deliveries import DeliveryBed
from vigil.alerting.channels.model import Postponed

STEPS = st.lists(st.sampled_from(["fire", "acknowledge", "resolve", "flap", "wait", "lose"]), min_size=1, max_size=14)
ANSWERS = st.lists(st.sampled_from(["accept", "refuse later", "lost answer", "open"]), max_size=25)
NEXT = {
    ("resolved", "fire"): ("firing", "trigger"),
    ("firing", "acknowledge"): ("acknowledged", "acknowledge"),
    ("firing", "resolve"): ("resolved", "resolve"),
    ("acknowledged", "resolve"): ("resolved", "resolve"),
}
"""State after a step, and the action of its notice, by state and step."""


class Course:
    """One alert with one channel. A resolved alert fires again with the same number."""

    def __init__(self, seed, answers):
        self.bed, self._answers = DeliveryBed(seed, workers=2), list(answers)
        self.bed.vendor.answer = self._answer
        self.bed.store.add(episode(severity="CRITICAL"), self._notice(1, "trigger"))
        self.bed.queue.send([self._notice(1, "trigger")])

    @property
    def state(self):
        return self.bed.store.episodes["acme", FINGERPRINT].state

    def take(self, step):
        """Take a step: a change of the alert, a minute, or the loss of all messages."""
        if step == "wait":
            self.bed.minute(seconds=20)
        elif step == "lose":
            self.bed.queue.later.clear()
            self.bed.queue.ready.clear()
        elif step == "flap":
            self.take("resolve")
            self.take("fire")
        elif moved := NEXT.get((self.state, step)):
            state, action = moved
            about = self.bed.store.episodes["acme", FINGERPRINT]
            named = self._notice(about.notices + 1, action)
            self.bed.store.add(replace(about, state=state, version=about.version + 1), named)
            self.bed.queue.send([named])

    def end(self):
        """Let the vendor work, and return the last state of the incident, or None if there was none."""
        self._answers.clear()
        self.bed.settle()
        states = next(iter(self.bed.vendor.incidents.values()), [None])
        return states[-1] if states else None

    def _notice(self, sequence, action):
        return notice(sequence, action, severity="CRITICAL")

    def _answer(self, channel, content):
        answer = self._answers.pop(0) if self._answers else "accept"
        if answer == "lost answer":
            self.bed.vendor.accept(channel, content)
            return Postponed("timeout")
        if answer == "open":
            return Postponed("open", is_open=True)
        return Postponed("503") if answer == "refuse later" else None


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 1_000), steps=STEPS, answers=ANSWERS)
def test_incident_ends_in_the_state_of_its_alert(seed, steps, answers):
    course = Course(seed, answers)
    for step in steps:
        course.take(step)
    ended = course.end()
    expected = {"firing": {"triggered"}, "acknowledged": {"acknowledged"}, "resolved": {"resolved", None}}
    assert ended in expected[course.state]
    assert course.bed.store.imbalance() == {}
