"""Process that imports the code once and then forks workers: it replaces a killed worker within milliseconds.

Run as `python -m tests.support.faultbed.worker_pool <module> <queue url>`. The module has a `lambda_handler`.
Each line on standard input is a plan of faults (JSON): it starts one worker and prints its process id.
All workers end with the input, or when the parent process ends.
"""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NoReturn

import boto3

from tests.support.faultbed.event_source import EventSource, Handler
from tests.support.faultbed.faults import Fault, end_process
from tests.support.faultbed.plans import Seeded, inject_process
from tests.support.gateway import Context


@dataclass
class ProcessPlan:
    """Plan of this process. It is set after the clients are created, once the worker is forked."""

    plan: Seeded | None = None

    def draw(self, operation: str, arguments: Mapping[str, Any]) -> Fault | None:
        return self.plan.draw(operation, arguments) if self.plan else None


def main() -> None:
    """Import the module, then fork one worker for each line of standard input."""
    module, queue = sys.argv[1:]
    own = ProcessPlan()
    inject_process(own, end_process)
    handler, sqs = importlib.import_module(module).lambda_handler, boto3.client("sqs")
    workers = []
    try:
        for line in sys.stdin:
            pid = os.fork()
            if pid == 0:
                own.plan = Seeded.from_json(line)
                run_worker(handler, sqs, queue, own.plan.seed)
            workers.append(pid)
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()
    finally:
        # Dead workers are reaped only here, so no other process can have received one of their process ids.
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        for pid in workers:
            os.waitpid(pid, 0)


def run_worker(handler: Handler, sqs: Any, queue: str, seed: int) -> NoReturn:
    """Poll the queue until this worker is killed or the pool process ends."""
    pool, random = os.getppid(), Random(seed)
    try:
        # The reader of standard output expects only process ids.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        while os.getppid() == pool:
            EventSource(sqs, queue, handler, Context(), batch=random.randint(1, 4)).poll(wait_seconds=1)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
