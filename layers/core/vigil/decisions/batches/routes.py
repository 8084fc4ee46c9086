"""`/v1/batches`: score many subjects, follow the progress, fetch the results."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from vigil.decisions.batches.chunks_model import Progress
from vigil.decisions.batches.files_model import Output
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.schemas import (
    BatchBody,
    BatchPage,
    BatchSummary,
    BatchView,
    OutputView,
    PinView,
    RowsView,
    UploadView,
)
from vigil.decisions.batches.service import Batches, BatchOrder, BatchStatus
from vigil.kernel.json_documents import with_equal_numbers
from vigil.runtime import correlation, telemetry
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.bodies import BoundedRoute
from vigil.web.idempotency import IdempotencyKey, IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import FieldErrorView, responses, sends

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("batches:read")]
Writer = Annotated[Principal, requires("batches:write")]
BatchId = Annotated[str, Path(max_length=64)]
Service = Annotated[Batches, from_app("batches")]


async def create(
    request: Request,
    batches: Service,
    response: Response,
    body: BatchBody,
    caller: Writer,
    idempotency_key: IdempotencyKey = None,
) -> BatchView:
    """Score up to 1,000 inline rows, or a file. The answer for a file has an upload URL; the upload starts the work."""
    form, limits = body.format or "ndjson", caller.limits
    storage = None if limits.storage_gb is None else limits.storage_gb * 10**9
    terms = (limits.predictions_per_month, limits.hard_stop, storage)
    ignores = body.ignore_unknown_columns
    order = BatchOrder(body.model, form, body.rows, _digests(body), correlation.current.get(), *terms, ignores)
    batch, replayed = batches.create(caller.tenant_id, order, idempotency_key)
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/batches/{batch.batch_id}"
    if replayed:
        response.status_code = 200
        response.headers["Idempotency-Replayed"] = "true"
    return _view(batches, BatchStatus(batch, Progress.from_chunks([]), None, None), caller)


# A batch is its own idempotency record. If a crash prevents the write of inline rows, the retry writes them.
router.add_api_route(
    "",
    create,
    methods=["POST"],
    route_class_override=BoundedRoute,
    status_code=202,
    summary="Score many subjects",
    responses={
        200: {"model": BatchView, "description": "Replayed: the batch of an earlier request with the same key"}
        | sends("Location", "Idempotency-Replayed"),
        202: sends("Location"),
        **responses(400, 401, 403, 409, 413, 415, 422, 503),
    },
)


@router.get("/{batch_id}", summary="Fetch a batch", responses=responses(401, 403, 404, 503))
async def get(batches: Service, batch_id: BatchId, caller: Reader) -> BatchView:
    """Return one of your batches and its progress."""
    return _view(batches, batches.get(caller.tenant_id, batch_id), caller)


@router.get("", name="list", summary="List batches", responses=responses(400, 401, 403, 422, 503))
async def page(
    batches: Service,
    caller: Reader,
    place: RequestedPage,
    limit: PageSize = 20,
) -> BatchPage:
    """List your batches, newest first. A new one can take a second to appear."""
    scope = f"batches\n{caller.tenant_id}"
    found = batches.page(caller.tenant_id, place.after(scope), limit)
    items = [BatchSummary(**_summary(batch)) for batch in found.batches]
    return BatchPage(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.post("/{batch_id}/cancel", summary="Cancel a batch", responses=responses(401, 403, 404, 409, 415, 503))
async def cancel(batches: Service, batch_id: BatchId, caller: Writer) -> BatchView:
    """End a batch; its remaining chunks are not scored. A second call has no effect."""
    batches.cancel(caller.tenant_id, batch_id)
    return _view(batches, batches.get(caller.tenant_id, batch_id), caller)


@router.get(
    "/{batch_id}/results",
    name="get_results",
    summary="Fetch the results",
    responses=responses(401, 403, 404, 409, 503),
)
async def results(batches: Service, batch_id: BatchId, caller: Reader) -> OutputView:
    """Return a download URL for the results: one line per row of the file, in file order."""
    return _output(batches, caller.tenant_id, batch_id, "results")


@router.get(
    "/{batch_id}/errors",
    name="get_errors",
    summary="Fetch the errors",
    responses=responses(401, 403, 404, 409, 503),
)
async def errors(batches: Service, batch_id: BatchId, caller: Reader) -> OutputView:
    """Return a download URL for the errors: one NDJSON line per row without an answer, with fields and bounds."""
    return _output(batches, caller.tenant_id, batch_id, "errors")


def _output(batches: Batches, tenant_id: str, batch_id: str, output: Output) -> OutputView:
    batch, url, expires_at = batches.output_url(tenant_id, batch_id, output)
    _record_facts(batch)
    return OutputView(url=url, format=batch.form if output == "results" else "ndjson", expires_at=expires_at)


def _digests(body: BatchBody) -> tuple[str, str]:
    """Return the SHA-256 of the body with equal numbers, and the one by the rules of earlier releases."""
    given = body.model_dump()
    if not body.ignore_unknown_columns:  # the digest of an order that was made before this member existed
        del given["ignore_unknown_columns"]
    texts = (json.dumps(value, sort_keys=True) for value in (with_equal_numbers(given), given))
    now, before = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return now, before


def _record_facts(batch: Batch) -> None:
    facts = telemetry.current.get()
    facts.batch_id, facts.model = batch.batch_id, batch.model


def _view(batches: Batches, status: BatchStatus, caller: Principal) -> BatchView:
    batch, progress = status.batch, status.progress
    _record_facts(batch)
    # The address is the right to write, so that readers do not receive it.
    upload = batches.upload_url(batch) if caller.has_permission("batches:write") else None
    return BatchView(
        **_summary(batch),
        rows=RowsView(total=batch.rows or None, done=progress.done, failed=progress.failed),
        row_key=batch.row_key or None,
        percent=round(100 * progress.done / batch.rows, 2) if batch.rows else None,
        rate=round(status.rate, 1) if status.rate else None,
        seconds_left=round(status.seconds_left, 1) if status.seconds_left is not None else None,
        lost_rows=list(map(list, progress.lost)),
        ignored_columns=list(batch.ignored_columns),
        upload=UploadView(url=upload[0], expires_at=upload[1]) if upload else None,
    )


def _summary(batch: Batch) -> dict[str, Any]:
    pin = batch.pin
    return {
        "batch_id": batch.batch_id,
        "model": PinView(name=batch.model, version=pin.version if pin else None, digest=pin.digest if pin else None),
        "format": batch.form,
        "state": batch.state,
        "created_at": batch.created_at,
        "started_at": batch.started_at or None,
        "ended_at": batch.ended_at or None,
        "reason": batch.reason or None,
        "errors": [FieldErrorView(field=e.field, message=e.message, bound=e.bound) for e in batch.errors],
    }
