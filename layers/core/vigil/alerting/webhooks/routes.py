"""`/v1/webhooks`: webhooks of a tenant, their secrets, deliveries and replays."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from vigil.alerting.webhooks.deliveries_model import DeliveryState
from vigil.alerting.webhooks.replays import DeliveryHistory
from vigil.alerting.webhooks.schemas import (
    DeliveryList,
    DeliveryView,
    NewWebhookView,
    ReplayBody,
    ReplayView,
    WebhookBody,
    WebhookList,
    WebhookPatch,
    WebhookView,
)
from vigil.alerting.webhooks.service import Webhooks
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=IdempotentRoute)
Manager = Annotated[Principal, requires("webhooks:manage")]
WebhookId = Annotated[str, Path(max_length=64)]
DeliveryId = Annotated[str, Path(max_length=64)]
_WRITES = (400, 401, 403, 404, 409, 413, 415, 422, 503)
Service = Annotated[Webhooks, from_app("webhooks")]
History = Annotated[DeliveryHistory, from_app("delivery_history")]


@router.post(
    "",
    status_code=201,
    summary="Create a webhook",
    responses={201: sends("Location"), **responses(400, 401, 403, 409, 413, 415, 422, 503)},
)
async def create(
    request: Request, response: Response, body: WebhookBody, webhooks: Service, caller: Manager
) -> NewWebhookView:
    """Create a webhook for kinds of events. Only this response contains its secret.

    The response is 409 if the tenant has 20 webhooks, the maximum.
    """
    webhook, secret = webhooks.create(caller.acting_tenant, body.url, body.kinds, body.label)
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/webhooks/{webhook.webhook_id}"
    return NewWebhookView.from_new(webhook, secret)


@router.get("", name="list", summary="List webhooks", responses=responses(401, 403, 503))
async def list_webhooks(webhooks: Service, caller: Manager) -> WebhookList:
    """Return all webhooks of the tenant, oldest first. Operators see those of the deployment."""
    return WebhookList(items=[WebhookView.from_webhook(each) for each in webhooks.list_all(caller.acting_tenant)])


@router.get("/{webhook_id}", summary="Fetch a webhook", responses=responses(401, 403, 404, 503))
async def get(webhook_id: WebhookId, webhooks: Service, caller: Manager) -> WebhookView:
    """Return a webhook with the health of its endpoint."""
    return WebhookView.from_webhook(webhooks.get(caller.acting_tenant, webhook_id))


@router.patch("/{webhook_id}", name="update", summary="Change a webhook", responses=responses(*_WRITES))
async def change(webhook_id: WebhookId, body: WebhookPatch, webhooks: Service, caller: Manager) -> WebhookView:
    """Change the given fields; absent fields are not changed. A change takes effect at the next attempt."""
    return WebhookView.from_webhook(webhooks.change(caller.acting_tenant, webhook_id, body.to_change()))


@router.delete("/{webhook_id}", status_code=204, summary="Delete a webhook", responses=responses(401, 403, 422, 503))
async def delete(webhook_id: WebhookId, webhooks: Service, caller: Manager) -> None:
    """Delete a webhook. Its pending deliveries get no further attempt. A repeated request has no effect."""
    webhooks.delete(caller.acting_tenant, webhook_id)


@router.post(
    "/{webhook_id}/secrets", status_code=201, summary="Rotate the secret of a webhook", responses=responses(*_WRITES)
)
async def rotate(webhook_id: WebhookId, webhooks: Service, caller: Manager) -> NewWebhookView:
    """Replace the secret. Only this response contains the new one. Only the last two secrets sign.

    The former secret signs for 24 hours more. After a second rotation in that time, the secret before it stops at once.
    """
    return NewWebhookView.from_new(*webhooks.rotate(caller.acting_tenant, webhook_id))


@router.post(
    "/{webhook_id}/test", status_code=202, summary="Send a test event to a webhook", responses=responses(*_WRITES)
)
async def test(webhook_id: WebhookId, webhooks: Service, caller: Manager) -> DeliveryView:
    """Send an event of the kind `webhooks.tested` and return its delivery, which shows the result within seconds.

    The event needs no subscription. The response is 409 for a disabled webhook.
    """
    return DeliveryView.from_delivery(webhooks.test(caller.acting_tenant, webhook_id))


@router.get(
    "/{webhook_id}/deliveries",
    name="list_deliveries",
    summary="List the deliveries of a webhook",
    responses=responses(400, 401, 403, 404, 422, 503),
)
async def deliveries(
    webhook_id: WebhookId,
    history: History,
    caller: Manager,
    place: RequestedPage,
    state: Annotated[DeliveryState | None, Query(description="Default: all states.")] = None,
    limit: PageSize = 20,
) -> DeliveryList:
    """Return deliveries of the last 30 days, latest first. A new one can take a second to appear.

    A filter can make a page shorter than its limit. Only `next_cursor` shows if more pages follow.
    """
    tenant_id = caller.acting_tenant
    scope = f"webhook deliveries\n{tenant_id}\n{webhook_id}\n{state}"
    found = history.page(tenant_id, webhook_id, state, place.after(scope), limit)
    items = [DeliveryView.from_delivery(each) for each in found.deliveries]
    return DeliveryList(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.get(
    "/{webhook_id}/deliveries/{delivery_id}",
    name="get_delivery",
    summary="Fetch a delivery",
    responses=responses(401, 403, 404, 503),
)
async def delivery(webhook_id: WebhookId, delivery_id: DeliveryId, history: History, caller: Manager) -> DeliveryView:
    """Return a delivery with its latest attempts, at most twenty."""
    return DeliveryView.from_delivery(history.get(caller.acting_tenant, webhook_id, delivery_id))


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    name="replay_delivery",
    summary="Repeat a delivery",
    responses=responses(*_WRITES),
)
async def replay(webhook_id: WebhookId, delivery_id: DeliveryId, history: History, caller: Manager) -> DeliveryView:
    """Send a delivered or failed delivery again, with the same `webhook-id`. A pending delivery is not changed.

    The response is 409 for a disabled webhook.
    """
    return DeliveryView.from_delivery(history.replay(caller.acting_tenant, webhook_id, delivery_id))


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    name="replay_deliveries",
    summary="Repeat failed deliveries since a time",
    responses=responses(*_WRITES),
)
async def replay_since(webhook_id: WebhookId, body: ReplayBody, history: History, caller: Manager) -> ReplayView:
    """Send the failed deliveries since a time again, oldest first, at most 100 per call.

    `more` is true if further ones remain. The response is 409 for a disabled webhook.
    """
    replayed, more = history.replay_since(caller.acting_tenant, webhook_id, body.since)
    return ReplayView(replayed=replayed, more=more)
