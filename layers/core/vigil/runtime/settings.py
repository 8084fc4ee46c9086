"""One typed object for everything a deployment may set. Secrets are named here by ARN, never by value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """A function's configuration. Names without a default must be set; `from_env` says which are not."""

    stage: str
    service: str = "vigil"
    decisions_table: str = ""
    registry_table: str = ""
    access_table: str = ""
    outcomes_table: str = ""
    dead_letters_table: str = ""
    queues: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """URLs by name of the source: `dead` of its dead-letter queue, `url` of the queue that work goes back to."""
    backoff_base: timedelta = timedelta(seconds=60)
    most_reprocess_attempts: int = 5
    limits_table: str = ""
    usage_table: str = ""
    costs_table: str = ""
    idempotency_table: str = ""
    flags_table: str = ""
    event_bus: str = ""
    subjects_table: str = ""
    batches_table: str = ""
    batches_bucket: str = ""
    batch_splits_queue: str = ""
    batch_chunks_queue: str = ""
    batch_assemblies_queue: str = ""
    dead_letters: str = ""
    """Of the queue that feeds this function."""
    packages_bucket: str = ""
    access_secret_arn: str = ""
    cursor_secret_arn: str = ""
    signing_secret_arn: str = ""
    certificate_key_arn: str = ""
    tenant_domain: str = ""
    """Where each tenant has a subdomain, such as `acme.example.org`; nothing where there are none."""
    authorizer_cache: timedelta = timedelta(seconds=30)
    """Lifetime of a key or tenant record in the authorizer's cache."""
    offboarding_pause: timedelta = timedelta(seconds=120)
    """From the last key's refusal to the erasure, and from one look at a store to the next."""
    model_keys: Mapping[str, str] = field(default_factory=dict)
    """The pinned Ed25519 public keys, base64 by key id: two slots, so that a new key can overlap the old one."""
    model_floors: Mapping[str, int] = field(default_factory=dict)
    """The lowest version of each model that may ever be loaded, pinned with the deployment."""
    flags_ttl: timedelta = timedelta(seconds=60)
    idempotency_window: timedelta = timedelta(hours=24)
    connect_timeout: timedelta = timedelta(milliseconds=250)
    read_timeout: timedelta = timedelta(milliseconds=500)
    max_body_bytes: int = 256 * 1024
    max_batch_body_bytes: int = 4 << 20
    traced: bool = True

    def __post_init__(self) -> None:
        if len(self.model_keys) > 2:
            raise ValueError("VIGIL_MODEL_KEYS: at most two keys may be pinned")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read `VIGIL_*`; raise ValueError naming the variable that is missing or malformed."""
        if not env.get("VIGIL_STAGE"):
            raise ValueError("VIGIL_STAGE is not set")
        return cls(
            stage=env["VIGIL_STAGE"],
            service=env.get("POWERTOOLS_SERVICE_NAME", "vigil"),
            decisions_table=env.get("VIGIL_DECISIONS_TABLE", ""),
            registry_table=env.get("VIGIL_REGISTRY_TABLE", ""),
            access_table=env.get("VIGIL_ACCESS_TABLE", ""),
            outcomes_table=env.get("VIGIL_OUTCOMES_TABLE", ""),
            dead_letters_table=env.get("VIGIL_DEAD_LETTERS_TABLE", ""),
            queues=_json_object(env, "VIGIL_QUEUES"),
            backoff_base=timedelta(seconds=_whole(env, "VIGIL_BACKOFF_BASE_SECONDS", 60)),
            most_reprocess_attempts=_whole(env, "VIGIL_MAX_REPROCESS_ATTEMPTS", 5),
            limits_table=env.get("VIGIL_LIMITS_TABLE", ""),
            usage_table=env.get("VIGIL_USAGE_TABLE", ""),
            costs_table=env.get("VIGIL_COSTS_TABLE", ""),
            idempotency_table=env.get("VIGIL_IDEMPOTENCY_TABLE", ""),
            flags_table=env.get("VIGIL_FLAGS_TABLE", ""),
            event_bus=env.get("VIGIL_EVENT_BUS", ""),
            subjects_table=env.get("VIGIL_SUBJECTS_TABLE", ""),
            batches_table=env.get("VIGIL_BATCHES_TABLE", ""),
            batches_bucket=env.get("VIGIL_BATCHES_BUCKET", ""),
            batch_splits_queue=env.get("VIGIL_BATCH_SPLITS_QUEUE", ""),
            batch_chunks_queue=env.get("VIGIL_BATCH_CHUNKS_QUEUE", ""),
            batch_assemblies_queue=env.get("VIGIL_BATCH_ASSEMBLIES_QUEUE", ""),
            dead_letters=env.get("VIGIL_DEAD_LETTERS", ""),
            packages_bucket=env.get("VIGIL_PACKAGES_BUCKET", ""),
            access_secret_arn=env.get("VIGIL_ACCESS_SECRET_ARN", ""),
            cursor_secret_arn=env.get("VIGIL_CURSOR_SECRET_ARN", ""),
            signing_secret_arn=env.get("VIGIL_SIGNING_SECRET_ARN", ""),
            certificate_key_arn=env.get("VIGIL_CERTIFICATE_KEY_ARN", ""),
            tenant_domain=env.get("VIGIL_TENANT_DOMAIN", "").lower(),
            authorizer_cache=timedelta(seconds=_whole(env, "VIGIL_AUTHORIZER_CACHE_SECONDS", 30)),
            offboarding_pause=timedelta(seconds=_whole(env, "VIGIL_OFFBOARDING_PAUSE_SECONDS", 120)),
            model_keys=_json_object(env, "VIGIL_MODEL_KEYS"),
            model_floors=_json_object(env, "VIGIL_MODEL_FLOORS"),
            connect_timeout=timedelta(milliseconds=_whole(env, "VIGIL_AWS_CONNECT_TIMEOUT_MS", 250)),
            read_timeout=timedelta(milliseconds=_whole(env, "VIGIL_AWS_READ_TIMEOUT_MS", 500)),
            traced=env.get("POWERTOOLS_TRACE_DISABLED", "false").lower() != "true",
        )


def _json_object(env: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        value = json.loads(env.get(name) or "{}")
    except ValueError as error:
        raise ValueError(f"{name} is not JSON") from error
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a JSON object")
    return value


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(env.get(name) or default)
    except ValueError as error:
        raise ValueError(f"{name} is not a whole number") from error
