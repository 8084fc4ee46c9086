"""Worker processes that use MiniStack, and their violent ends."""

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

from cli.checkout import ROOT
from cli.embedded import aws_environment
from tests.support.faultbed.bed import Bed
from tests.support.faultbed.faults import CRASHES
from tests.support.faultbed.plans import Seeded

UNHURT = Seeded(0, {})


@dataclass
class Workers:
    """Starter of worker processes for one queue."""

    _orders: IO[str]
    _answers: IO[str]

    def start(self, plan: Seeded = UNHURT) -> psutil.Process:
        """Start a worker. Its process id is not reused while the pool process lives."""
        print(plan.to_json(), file=self._orders, flush=True)
        return psutil.Process(int(self._answers.readline()))


@contextmanager
def running_workers(bed: Bed, module: str, queue: str, environment: Mapping[str, str]) -> Iterator[Workers]:
    """Run workers that pass a queue's messages to a module's `lambda_handler`. All end with the block."""
    log = bed.folder / "workers.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.faultbed.worker_pool", module, queue],
            cwd=ROOT,
            env=aws_environment(bed.endpoint)
            | {"PATH": os.defpath, "POWERTOOLS_TRACE_DISABLED": "true", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as pool,
    ):
        assert pool.stdin and pool.stdout  # noqa: PT018 - both are pipes
        try:
            yield Workers(pool.stdin, pool.stdout)
        finally:
            pool.stdin.close()
            pool.wait(timeout=10)
    assert not log.read_bytes(), log.read_text()


def kill_workers(workers: Workers, seed: int, kills: int, at_once: int = 2) -> Iterator[int]:
    """Run `at_once` workers and kill them one after another; yield the number of each before its end.

    Every second worker ends itself right before or after an AWS call. The others end at a random moment.
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
    """Start a worker; return it with its maximum lifetime in seconds."""
    seed, at_a_call = random.getrandbits(32), number % 2 == 0
    plan = Seeded(seed, dict.fromkeys(CRASHES, 0.1) if at_a_call else {})
    return workers.start(plan), 1.0 if at_a_call else random.uniform(0.0, 0.02)
