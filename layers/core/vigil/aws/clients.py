"""Creates AWS clients whose timeouts fit inside a request and whose calls cost little CPU."""

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from vigil.aws import credentials, endpoints, tenant_guard, tracing
from vigil.aws.connections import Connections
from vigil.aws.json_client import JsonClient
from vigil.aws.object_client import ObjectClient
from vigil.aws.services import SERVICES, Service
from vigil.runtime.settings import Settings

_created: WeakSet[Any] = WeakSet()


def create_client(settings: Settings, service: str) -> Any:
    """Return a client of an AWS service that makes at most two attempts per call and enforces the tenant guard.

    Services with a JSON protocol get the small client of `vigil.aws.json_client`, all others botocore's. So do all
    services if a FIPS or dual-stack endpoint or a proxy is configured.
    """
    known = SERVICES.get(service)
    if known and endpoints.is_ordinary():
        created: Any = _json_client(settings, known)
    else:
        created = _botocore_client(settings, service)
    _created.add(created)
    return created


def close_connections() -> None:
    """Close the open connections of every client. A client opens a new one for its next call."""
    for created in _created:
        created.close()


def reset_session() -> None:
    """Discard the shared session and the cached credentials."""
    credentials.reset()


def create_object_client(settings: Settings, bucket: str, others: Callable[[], Any]) -> Any:
    """Return a client that reads whole objects of one bucket without botocore.

    `others` returns botocore's client. It makes all other calls, and all calls where `create_client` prefers botocore.
    """
    if not endpoints.is_ordinary():
        return others()
    region = endpoints.region()
    endpoint = endpoints.bucket_endpoint(bucket, region, is_path_style=settings.stage == "local")
    created = ObjectClient(bucket, region, _connections(settings, endpoint), others)
    shared_bucket = settings.get("packages_bucket", "")
    created.wrap(lambda call: tenant_guard.guarded_objects(call, shared_bucket))
    if _is_traced(settings):
        created.trace("s3")
    _created.add(created)
    return created


def _json_client(settings: Settings, service: Service) -> JsonClient:
    region = endpoints.region()
    endpoint = endpoints.service_endpoint(service.service_id, service.endpoint_prefix, region)
    created = JsonClient(service, region, _connections(settings, endpoint))
    if service.name == "dynamodb":
        created.wrap(tenant_guard.guarded_items)
    if _is_traced(settings):
        created.trace(service.endpoint_prefix)
    return created


def _connections(settings: Settings, endpoint: endpoints.Endpoint) -> Connections:
    return Connections(endpoint, settings.connect_timeout.total_seconds(), settings.read_timeout.total_seconds())


def _is_traced(settings: Settings) -> bool:
    return settings.traced and tracing.is_enabled()


def _botocore_client(settings: Settings, service: str) -> Any:
    """Return botocore's client. Its timeouts come from the settings; its own are 60 s.

    A fixed user agent and no parameter validation save a third of a call's CPU: botocore builds the agent twice per
    call, and the service validates the parameters itself.
    """
    from botocore.config import Config  # noqa: PLC0415 - most functions never need botocore's client

    created = credentials.session().create_client(
        service,
        config=Config(
            connect_timeout=settings.connect_timeout.total_seconds(),
            read_timeout=settings.read_timeout.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
            user_agent="vigil",
            parameter_validation=False,
            **(_s3_options(settings) if service == "s3" else {}),
        ),
    )
    if _is_traced(settings):
        tracing.trace_botocore()
    tenant_guard.guard_client(created, shared_bucket=settings.get("packages_bucket", ""))
    return created


def _s3_options(settings: Settings) -> dict[str, Any]:
    """Return the options that presigned URLs need.

    S3 accepts only version 4 signatures for objects encrypted under our own key. The virtual style puts the bucket into
    the signed host name; S3's global host would redirect to a regional host that the signature does not cover. The
    embedded stack has a single host, so it needs the path style.
    """
    style = "path" if settings.stage == "local" else "virtual"
    return {"signature_version": "s3v4", "s3": {"addressing_style": style}}
