"""`/v1/alerting/channels`: the places that receive notices of alerts."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.schemas import ChannelBody, ChannelList, ChannelPatch, ChannelTestView, ChannelView
from vigil.alerting.channels.service import Channels
from vigil.web import gateway, versions
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses
from vigil.web.versions import ExpectedVersion, set_etag

PATH = "/v1/alerting/channels"
router = APIRouter(prefix=PATH, tags=["alert channels"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("alerts:read")]
Configurer = Annotated[Principal, requires("alerting:configure")]
ChannelId = Annotated[str, Path(max_length=40)]
Service = Annotated[Channels, from_app("channels")]


@router.get("", name="list", summary="List channels", responses=versions.LISTED)
async def list_channels(channels: Service, caller: Reader) -> ChannelList:
    """Return every channel. `broken` has the reason for which a channel receives no notices until it is changed."""
    found = channels.list_all(caller.acting_tenant)
    return ChannelList(items=[ChannelView.from_channel(channel, channels.warning(channel)) for channel in found])


@router.post("", name="create", status_code=201, summary="Create a channel", responses=versions.CREATED)
async def create_channel(
    request: Request, response: Response, body: ChannelBody, channels: Service, caller: Configurer
) -> ChannelView:
    """Create a channel. Its secrets are encrypted, and no response contains them.

    `POST {id}/test` sends a test notice. The response is 409 if the tenant has 20 channels, the maximum.
    """
    channel = channels.create(caller.acting_tenant, body.kind, body.label, body.options, body.secrets)
    response.headers["Location"] = f"{gateway.stage_prefix(request)}{PATH}/{channel.channel_id}"
    return _view(channels, channel, response)


@router.get("/{channel_id}", name="get", summary="Fetch a channel", responses=versions.FETCHED)
async def get_channel(channel_id: ChannelId, response: Response, channels: Service, caller: Reader) -> ChannelView:
    """Return a channel without its secrets."""
    return _view(channels, channels.get(caller.acting_tenant, channel_id), response)


@router.patch("/{channel_id}", name="update", summary="Change a channel", responses=versions.CHANGED)
async def change_channel(
    channel_id: ChannelId,
    body: ChannelPatch,
    response: Response,
    channels: Service,
    caller: Configurer,
    version: ExpectedVersion,
) -> ChannelView:
    """Change the given fields; absent fields are not changed. `If-Match` is optional.

    With it, the response is 412 if the channel has another version. New options or secrets make a broken channel usable
    again.
    """
    return _view(channels, channels.change(caller.acting_tenant, channel_id, body.to_change(), version), response)


@router.delete("/{channel_id}", name="delete", status_code=204, summary="Delete a channel", responses=versions.DELETED)
async def delete_channel(
    channel_id: ChannelId, channels: Service, caller: Configurer, version: ExpectedVersion
) -> None:
    """Delete a channel with its secrets. Notices that are still due for it go to the next channel.

    The response is 409, with the ids of the policies, if policies name the channel. `If-Match` is optional; with it,
    the response is 412 if the channel has another version.
    """
    channels.delete(caller.acting_tenant, channel_id, version)


@router.post("/{channel_id}/test", name="test", summary="Test a channel", responses=responses(401, 403, 404))
async def test_channel(channel_id: ChannelId, channels: Service, caller: Configurer) -> ChannelTestView:
    """Send a test notice and return the answer of the vendor. A refusal of the vendor is a response of 200 too.

    An incident that the test opens is resolved at once. A success makes a broken channel usable again.
    """
    return ChannelTestView.from_result(channels.test(caller.acting_tenant, channel_id))


def _view(channels: Channels, channel: Channel, response: Response) -> ChannelView:
    set_etag(response, channel.version)
    return ChannelView.from_channel(channel, channels.warning(channel))
