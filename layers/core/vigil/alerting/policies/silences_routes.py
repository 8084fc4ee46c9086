"""`/v1/alerting/silences`: times in which matching alerts send no notice."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vigil.alerting.policies.model import Silence
from vigil.alerting.policies.schemas import SilenceBody, SilenceList, SilenceView
from vigil.alerting.policies.service import AlertingRules
from vigil.web import gateway, versions
from vigil.web.app_state import Now, from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.versions import ExpectedVersion, set_etag

PATH = "/v1/alerting/silences"
router = APIRouter(prefix=PATH, tags=["silences"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("alerts:read")]
Silencer = Annotated[Principal, requires("alerts:acknowledge")]
SilenceId = Annotated[str, Path(max_length=40)]
Service = Annotated[AlertingRules, from_app("alerting_rules")]


@router.get("", name="list", summary="List silences", responses=versions.LISTED)
async def list_silences(rules: Service, caller: Reader, now: Now) -> SilenceList:
    """Return every silence, ended ones included."""
    found = rules.read(caller.acting_tenant).silences.values()
    return SilenceList(items=[SilenceView.from_silence(silence, now) for silence in found])


@router.post("", name="create", status_code=201, summary="Create a silence", responses=versions.CREATED)
async def create_silence(
    request: Request, response: Response, body: SilenceBody, rules: Service, caller: Silencer, now: Now
) -> SilenceView:
    """Silence alerts for a time. Alerts that still fire at its end are notified then.

    CRITICAL alerts are held only with `holds_critical`. A silence applies within a minute.
    """
    silence = rules.create_silence(caller.acting_tenant, body.to_silence(now, caller.actor))
    response.headers["Location"] = f"{gateway.stage_prefix(request)}{PATH}/{silence.silence_id}"
    return _view(silence, now, response)


@router.get("/{silence_id}", name="get", summary="Fetch a silence", responses=versions.FETCHED)
async def get_silence(
    silence_id: SilenceId, response: Response, rules: Service, caller: Reader, now: Now
) -> SilenceView:
    """Return a silence."""
    return _view(rules.silence(caller.acting_tenant, silence_id), now, response)


@router.put("/{silence_id}", name="set", summary="Replace a silence", responses=versions.CHANGED)
async def put_silence(
    silence_id: SilenceId,
    body: SilenceBody,
    response: Response,
    rules: Service,
    caller: Silencer,
    version: ExpectedVersion,
    now: Now,
) -> SilenceView:
    """Replace a silence, for example its end.

    `If-Match` is optional; with it, the response is 412 if the silence has another version.
    """
    silence = rules.replace_silence(caller.acting_tenant, body.to_silence(now, caller.actor, silence_id), version)
    return _view(silence, now, response)


@router.delete("/{silence_id}", name="delete", status_code=204, summary="End a silence", responses=versions.DELETED)
async def delete_silence(silence_id: SilenceId, rules: Service, caller: Silencer, version: ExpectedVersion) -> None:
    """Delete a silence, which ends it. Matching alerts that still fire are notified within three minutes.

    `If-Match` is optional; with it, the response is 412 if the silence has another version.
    """
    rules.delete_silence(caller.acting_tenant, silence_id, version)


def _view(silence: Silence, now: datetime, response: Response) -> SilenceView:
    set_etag(response, silence.version)
    return SilenceView.from_silence(silence, now)
