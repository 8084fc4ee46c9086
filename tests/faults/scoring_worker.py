"""Lambda function that scores messages of a queue: real worker, service and ledger with a toy model."""

import os
from datetime import timedelta
from typing import Any

import boto3

from tests.faults import planted
from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import FakeModels, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.ledgers import ledger
from tests.support.production_clients import as_in_production
from vigil.decisions.scoring.model import ScoreRequest
from vigil.decisions.scoring.service import Scoring
from vigil.decisions.scoring.store import DynamoLedger
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message, SqsQueue
from vigil.workers.worker_loop import Deadline, Worker

LEDGERS = {"": DynamoLedger, "unconditional": planted.Unconditional}

_telemetry = Telemetry("faults")
_kind = LEDGERS[os.environ.get("PLANTED", "")]
_ledger = ledger(as_in_production(boto3.client("dynamodb")), os.environ["TABLE"], kind=_kind)
_scoring = Scoring(FakeModels(), VisitCount, _ledger, Clock(), timedelta(hours=24), keys=tenant_key)


def _score(message: Message, deadline: Deadline) -> None:
    request = ScoreRequest("toy", message.id, features={"age": int(message.body)})
    _scoring.score(message.tenant_id, request, key=message.id)


_worker = Worker(_score, _telemetry, SqsQueue(as_in_production(boto3.client("sqs")), os.environ["DEAD"]))


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Score the messages of one batch."""
    return _telemetry.wrap(_worker.handle)(event, context)
