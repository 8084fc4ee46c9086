"""Crashes at every call of the services: no delivery is lost, and repeats have the same id."""

from datetime import timedelta

import pytest

from tests.support.fakes.webhooks import WebhookWorld, event
from vigil.errors import Unavailable

URL = "https://clinic.example/hook"


class Killed(BaseException):
    """The process ends."""


class Crashing:
    """Wraps every port of a world; the process ends before or after the call with a number."""

    def __init__(self, at, *, after):
        self.at, self.after, self.calls = at, after, 0
        self.spent = False

    def __call__(self, name, port):
        if callable(port):
            return self.guard(port)
        crashing = self

        class Port:
            def __getattr__(self, method):
                return crashing.guard(getattr(port, method))

        return Port()

    def guard(self, call):
        def guarded(*arguments, **named):
            number, self.calls = self.calls, self.calls + 1
            if number == self.at and not self.after:
                self.spent = True
                raise Killed
            result = call(*arguments, **named)
            if number == self.at:
                self.spent = True
                raise Killed
            return result

        return guarded


def redelivered(world, work):
    """Do the work of a message as SQS does: again after the process ended."""
    for _ in range(3):
        try:
            work()
        except (Killed, Unavailable):
            world.clock.advance(seconds=70)
            continue
        return


def live(world):
    redelivered(world, lambda: world.fan_out.create_deliveries(event()))
    for _ in range(12):
        while names := world.queue.receive():
            redelivered(world, lambda names=names: world.attempts.attempt(*names))
        world.clock.advance(seconds=60)
        redelivered(world, lambda: world.sweep.run(lambda: 60.0))


def calls_of_a_life():
    crashing = Crashing(-1, after=False)
    world = WebhookWorld(wrap=crashing)
    world.subscribe()
    live(world)
    return crashing.calls


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_call_loses_no_delivery(after):
    for at in range(calls_of_a_life()):
        crashing = Crashing(at, after=after)
        world = WebhookWorld(wrap=crashing)
        webhook = world.subscribe()
        live(world)
        world.run(timedelta(minutes=8))
        assert crashing.spent, at
        assert world.delivery(webhook).state == "delivered", at
        assert 1 <= len(world.endpoints.requests) <= 2, at
        assert len(set(world.endpoints.ids())) == 1, at
        assert len(world.meter.counted) == 1, at
