"""Worker processes against MiniStack, and their deaths."""

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import IO

import psutil

from cli.checkout import ROOT, STATE
from cli.embedded import aws_environment
from tests.support.faultbed.bed import Bed
from tests.support.faultbed.faults import CRASHES
from tests.support.faultbed.plans import Seeded

UNHURT = Seeded(0, {})


@dataclass
class Workers:
    """Starts worker processes for one queue."""

    _orders: IO[str]
    _answers: IO[str]

    def start(self, plan: Seeded = UNHURT) -> psutil.Process:
        """Start a worker. Its process id stays its own, even dead, for as long as the nursery lives."""
        print(plan.document(), file=self._orders, flush=True)
        return psutil.Process(int(self._answers.readline()))


@contextmanager
def working(bed: Bed, module: str, queue: str, environment: Mapping[str, str]) -> Iterator[Workers]:
    """Have workers for a queue, whose messages go to a module's `lambda_handler`; none outlives the block."""
    log = STATE / "faults" / "workers.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.faultbed.worker_pool", module, queue],
            cwd=ROOT,
            env={"PATH": os.defpath, "POWERTOOLS_TRACE_DISABLED": "true"} | aws_environment(bed.endpoint) | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as nursery,
    ):
        assert nursery.stdin and nursery.stdout  # noqa: PT018 - both are pipes
        try:
            yield Workers(nursery.stdin, nursery.stdout)
        finally:
            nursery.stdin.close()
            nursery.wait(timeout=10)
    assert not log.read_bytes(), log.read_text()


def deaths(workers: Workers, seed: int, kills: int, at_once: int = 2) -> Iterator[int]:
    """Keep some workers at work and end them by `kill -9`, one after another; yields the number of each before it.

    Every other one ends itself right before or after an AWS call, the rest at any moment that comes.
    """
    random = Random(seed)
    alive = deque(_mortal(workers, random, number) for number in range(at_once))
    for number in range(kills):
        yield number
        worker, seconds = alive.popleft()
        alive.append(_mortal(workers, random, number + at_once))
        patience = time.monotonic() + seconds
        while time.monotonic() < patience and worker.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.001)
        worker.kill()
    for worker, _ in alive:
        worker.kill()


def _mortal(workers: Workers, random: Random, number: int) -> tuple[psutil.Process, float]:
    """Start a worker and return it with the seconds after which it is killed, if it has not ended itself by then."""
    seed, at_a_call = random.getrandbits(32), number % 2 == 0
    plan = Seeded(seed, dict.fromkeys(CRASHES, 0.1) if at_a_call else {})
    return workers.start(plan), 1.0 if at_a_call else random.uniform(0.0, 0.02)
