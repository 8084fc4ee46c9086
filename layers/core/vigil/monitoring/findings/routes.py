"""`/v1/models/{name}/health/findings`: list findings of a model, acknowledge them, and start a new baseline."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from vigil.monitoring.findings.records_model import FindingRecord, FindingState
from vigil.monitoring.findings.schemas import FindingList, FindingView, ReasonBody
from vigil.monitoring.findings.service import Findings
from vigil.runtime import telemetry
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import MAX_MODEL_NAME, responses

router = APIRouter(prefix="/v1/models/{name}/health/findings", tags=["models"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("models:read")]
Decider = Annotated[Principal, requires("findings:decide")]
Name = Annotated[str, Path(max_length=MAX_MODEL_NAME)]
FindingId = Annotated[str, Path(max_length=64, description="Id of a finding: `fnd-` and 32 hexadecimal digits.")]
Service = Annotated[Findings, from_app("findings")]


@router.get("", name="list_findings", summary="List findings", responses=responses(400, 401, 403, 422, 503))
async def list_findings(
    name: Name,
    caller: Reader,
    findings: Service,
    place: RequestedPage,
    state: Annotated[FindingState | None, Query(description="Default: all states.")] = None,
    limit: PageSize = 20,
) -> FindingList:
    """List the findings about your decisions of a model, the newest day first. Findings expire after 800 days."""
    scope = f"findings\n{caller.tenant_id}\n{name}\n{state}"
    page = findings.page(caller.tenant_id, name, state, place.after(scope), limit)
    items = [FindingView.from_record(record) for record in page.records]
    return FindingList(items=items, next_cursor=place.next_cursor(scope, page.next))


@router.get("/{finding_id}", name="get_finding", summary="Fetch a finding", responses=responses(401, 403, 404, 503))
async def get_finding(name: Name, finding_id: FindingId, caller: Reader, findings: Service) -> FindingView:
    """Return a finding with its effect, its next step and the decision about it."""
    return FindingView.from_record(findings.get(caller.tenant_id, name, finding_id))


@router.post(
    "/{finding_id}/acknowledge",
    name="acknowledge_finding",
    summary="Acknowledge a finding",
    responses=responses(401, 403, 404, 409, 413, 415, 422, 503),
)
async def acknowledge_finding(
    name: Name, finding_id: FindingId, body: ReasonBody, caller: Decider, findings: Service
) -> FindingView:
    """Record that people have seen an open finding and why it needs no more attention. The alert of the finding is
    cleared.

    A finding about a group no longer stops promotions. A decision is final: a second one is a 409.
    """
    return _decided(findings.acknowledge(caller.tenant_id, name, finding_id, caller.actor, body.reason))


@router.post(
    "/{finding_id}/rebase",
    name="rebase_finding",
    summary="Start a new baseline",
    responses=responses(401, 403, 404, 409, 413, 415, 422, 503),
)
async def rebase_finding(
    name: Name, finding_id: FindingId, body: ReasonBody, caller: Decider, findings: Service
) -> FindingView:
    """Accept the change of an open finding as the usual state: a new baseline of drift begins.

    The first day of the baseline is the day after the last judged one. The alert of the finding is cleared. No drift
    alarm follows while the model is settling, for at least 56 days. Only findings of the families `covariates` and
    `predictions` have a baseline; others are a 409, as is a second decision.
    """
    return _decided(findings.rebase(caller.tenant_id, name, finding_id, caller.actor, body.reason))


def _decided(record: FindingRecord) -> FindingView:
    """Return the view of a decided finding. The log line of the request names its model version."""
    facts = telemetry.current.get()
    facts.model, facts.model_version = record.model, record.finding.version
    return FindingView.from_record(record)
