"""Messages of the queue `incident-steps`: attempts of steps."""

import json

from vigil.aws import tenant_guard
from vigil.errors import UnreadableMessage
from vigil.kernel.tenants import OPERATORS
from vigil.operations.incidents.steps_service import StepRunner
from vigil.runtime import correlation
from vigil.workers.queues import Message, SqsQueue
from vigil.workers.worker_loop import Deadline

STEP = "incidents.step"
"""Kind of the messages."""


class StepMessages:
    """Messages for attempts of steps. They name the incident, the step and the attempt."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def send(self, incident_id: str, step: int, attempt: int) -> None:
        """Send one message for one attempt of a step, at least once. Raises Unavailable."""
        names = {"incident_id": incident_id, "step": step, "attempt": attempt}
        message_id = f"{incident_id}.{step}.{attempt}"
        correlation_id = correlation.current.get() or incident_id
        self._queue.send([Message(message_id, STEP, OPERATORS, correlation_id, json.dumps(names))])


class StepWorker:
    """Processes one message: an attempt of a step."""

    def __init__(self, runner: StepRunner) -> None:
        self._runner = runner

    def process(self, message: Message, _deadline: Deadline) -> None:
        """Run the attempt. Raises UnreadableMessage for a message of another kind or of a tenant.

        Raises the errors of the runner: WorkPostponed, Conflict and Unavailable. The checks and actions of operators
        read and change the data of all tenants.
        """
        if message.kind != STEP or message.tenant_id != OPERATORS:
            raise UnreadableMessage("The kind of the message is not one of this queue.")
        names = json.loads(message.body)
        with tenant_guard.confine_to(None):
            self._runner.run(names["incident_id"], names["step"], names["attempt"])
