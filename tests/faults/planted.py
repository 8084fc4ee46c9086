"""Planted bugs: variants of real classes, each with a mistake that a test must detect."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.decisions.scoring.model import UNCONDITIONAL, Conditions, LedgerRow
from vigil.decisions.scoring.store import DynamoLedger, row_item
from vigil.money.usage.model import UsageEntry
from vigil.money.usage.store import DynamoUsage
from vigil.operations.dead_letters.model import DeadLetterJob
from vigil.operations.dead_letters.ports import DeadLetterSource
from vigil.operations.dead_letters.redrive import Redriver
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs, _attributes, _pk
from vigil.workers.queues import ReceivedMessage
from vigil.workers.worker_loop import Worker


class CheckThenWrite(DynamoLedger):
    """Reads the row, then writes it if it is missing. Another delivery can write between the two calls."""

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        if (existing := self.get(row.tenant_id, row.decision_id)) is not None:
            return existing
        self._table.call("put_item", Item=row_item(row))
        return None


class Unconditional(DynamoLedger):
    """Writes without a condition, so the last delivery wins."""

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        self._table.call("put_item", Item=row_item(row))
        return None


class NamesTheNext(Worker):
    """Reports the message after the failed one."""

    def handle(self, event: Mapping[str, Any], context: Any) -> Any:
        ids = [record["messageId"] for record in event["Records"]]
        failed = [failure["itemIdentifier"] for failure in super().handle(event, context)["batchItemFailures"]]
        return {"batchItemFailures": [{"itemIdentifier": ids[(ids.index(each) + 1) % len(ids)]} for each in failed]}


class NamesTheWork(Worker):
    """Reports the work id of a failed message instead of its message id. Lambda does not know work ids."""

    def handle(self, event: Mapping[str, Any], context: Any) -> Any:
        work = {each["messageId"]: ReceivedMessage.from_event(each).attributes.get("id") for each in event["Records"]}
        failed = [failure["itemIdentifier"] for failure in super().handle(event, context)["batchItemFailures"]]
        return {"batchItemFailures": [{"itemIdentifier": work[each]} for each in failed]}


class DeletesFirst(Redriver):
    """Deletes a dead letter before it records the job."""

    def _drain(self, source: DeadLetterSource) -> bool:
        letters = source.receive()
        source.delete(letters)
        return sum(self._try(source, None, partial(self._record, source, letter)) for letter in letters) > 0


class RecordsFirst(Redriver):
    """Records that work was sent before it sends the work."""

    def _send(self, source: DeadLetterSource, job: DeadLetterJob) -> None:
        self._write(job.mark_sent(self._rules, self._clock()))
        source.resend(replace(job.work, attempts=job.work.attempts + 1))


class Unfenced(DynamoDeadLetterJobs):
    """Overwrites a job without a check of its version."""

    def write(self, tenant_id: str, job: DeadLetterJob) -> bool:
        self._table.call("put_item", Item=_pk(tenant_id, job.key) | _attributes(job))
        return True


class ChargedApart(DynamoLedger):
    """Charges the month, then writes the row. A crash between the two calls leaves a charge without a row."""

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        assert conditions.quota is not None
        charge = self._charges.charge(row.tenant_id, row.created_at[:7], 1, conditions.quota)["Update"]
        with translate_errors("The usage table"):
            self._table._client.update_item(**charge)
        return super().commit(row)


class Unmarked(DynamoUsage):
    """Counts every delivery, including duplicates."""

    def add(self, entries: Sequence[UsageEntry]) -> Collection[tuple[str, str]]:
        for entry in entries:
            self._table.call("update_item", **self._part(entry))
        return ()

    def _part(self, entry: UsageEntry) -> dict[str, Any]:
        part: dict[str, Any] = self._sum(entry.tenant_id, entry.hour, entry.amounts)["Update"]
        return part
