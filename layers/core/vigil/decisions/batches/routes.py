"""`/v1/batches`: score many subjects, follow the work, fetch what came out."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.routing import APIRoute

from vigil.decisions.batches.model import Batch, Output, Progress
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
from vigil.decisions.batches.service import Batches, Order, Status
from vigil.runtime import correlation, telemetry
from vigil.web import gateway
from vigil.web.idempotency import IdempotencyKey, IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("batches:read")]
Writer = Annotated[Principal, requires("batches:write")]
BatchId = Annotated[str, Path(max_length=64)]


async def create(
    request: Request, response: Response, body: BatchBody, caller: Writer, idempotency_key: IdempotencyKey = None
) -> BatchView:
    """Score up to 1,000 rows sent along, or a file: the answer says where to upload it; its arrival starts the work."""
    batches: Batches = request.app.state.batches
    form, limits = body.format or "ndjson", caller.limits
    storage = None if limits.storage_gb is None else limits.storage_gb * 10**9
    terms = (limits.predictions_per_month, limits.hard_stop, storage)
    order = Order(body.model, form, body.rows, _fingerprint(body), correlation.current.get(), *terms)
    batch, replayed = batches.create(caller.tenant_id, order, idempotency_key)
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/batches/{batch.batch_id}"
    if replayed:
        response.status_code = 200
        response.headers["Idempotency-Replayed"] = "true"
    return _told(batches, Status(batch, Progress.of([]), None, None))


# A batch is its own idempotency record, as a decision is: rows that a crash kept from being put are put by the retry.
router.add_api_route(
    "",
    create,
    methods=["POST"],
    route_class_override=APIRoute,
    status_code=202,
    summary="Score many subjects",
    responses={
        200: {"model": BatchView, "description": "Asked for already"},
        **responses(400, 401, 403, 409, 413, 415, 422, 503),
    },
)


@router.get("/{batch_id}", summary="How far a batch is", responses=responses(401, 403, 404, 503))
async def get(request: Request, batch_id: BatchId, caller: Reader) -> BatchView:
    """Return one of your batches and its progress."""
    batches: Batches = request.app.state.batches
    return _told(batches, batches.get(caller.tenant_id, batch_id))


@router.get("", summary="List batches", responses=responses(400, 401, 403, 422, 503))
async def page(
    request: Request,
    caller: Reader,
    place: RequestedPage,
    limit: PageSize = 20,
) -> BatchPage:
    """List your batches, newest first. A new one may take a second to appear."""
    batches: Batches = request.app.state.batches
    scope = f"batches\n{caller.tenant_id}"
    found = batches.page(caller.tenant_id, place.after(scope), limit)
    items = [BatchSummary(**_summary(batch)) for batch in found.batches]
    return BatchPage(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.post("/{batch_id}/cancel", summary="Cancel a batch", responses=responses(401, 403, 404, 409, 415, 503))
async def cancel(request: Request, batch_id: BatchId, caller: Writer) -> BatchView:
    """End a batch: no further part of its file is begun. What was cancelled before stays so."""
    batches: Batches = request.app.state.batches
    batches.cancel(caller.tenant_id, batch_id)
    return _told(batches, batches.get(caller.tenant_id, batch_id))


@router.get("/{batch_id}/results", summary="Fetch the results", responses=responses(401, 403, 404, 409, 503))
async def results(request: Request, batch_id: BatchId, caller: Reader) -> OutputView:
    """Return where to fetch one line per row of the file, in its order."""
    return _output(request, caller.tenant_id, batch_id, "results")


@router.get("/{batch_id}/errors", summary="Fetch the errors", responses=responses(401, 403, 404, 409, 503))
async def errors(request: Request, batch_id: BatchId, caller: Reader) -> OutputView:
    """Return where to fetch one NDJSON line per row without an answer: row number, fields, bounds."""
    return _output(request, caller.tenant_id, batch_id, "errors")


def _output(request: Request, tenant_id: str, batch_id: str, output: Output) -> OutputView:
    batches: Batches = request.app.state.batches
    batch, url, expires_at = batches.output_url(tenant_id, batch_id, output)
    _note(batch)
    return OutputView(url=url, format=batch.form if output == "results" else "ndjson", expires_at=expires_at)


def _fingerprint(body: BatchBody) -> str:
    return hashlib.sha256(json.dumps(body.model_dump(), sort_keys=True).encode()).hexdigest()


def _note(batch: Batch) -> None:
    facts = telemetry.current.get()
    facts.batch_id, facts.model = batch.batch_id, batch.model


def _told(batches: Batches, status: Status) -> BatchView:
    batch, progress = status.batch, status.progress
    _note(batch)
    upload = batches.upload_url(batch)
    return BatchView(
        **_summary(batch),
        rows=RowsView(total=batch.rows or None, done=progress.done, failed=progress.failed),
        percent=round(100 * progress.done / batch.rows, 2) if batch.rows else None,
        rate=round(status.rate, 1) if status.rate else None,
        seconds_left=round(status.seconds_left, 1) if status.seconds_left is not None else None,
        lost_rows=list(progress.lost),
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
    }
