"""One typed object for the variables of a deployment. A secret is named by its ARN, never by its value."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from vigil.kernel.metrics import OWN_METRICS, namespace_in_stack
from vigil.runtime import setting_values as values
from vigil.runtime.setting_values import milliseconds, seconds

_ABSENT: Any = object()


class SettingsError(ValueError):
    """Raised when variables are missing or malformed. The message names each of them and contains no value."""


def _setting(variable: str, read: Callable[[str], Any] = values.name, default: Any = _ABSENT) -> Any:
    """Declare a setting and its variable. `read` converts the text, or raises ValueError with the broken rule."""
    return field(default=default, metadata={"variable": variable, "read": read})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings:
    """Configuration of one process. Reading a setting that is absent raises SettingsError with its variable."""

    stage: str = _setting("VIGIL_STAGE", values.stage)
    service: str = _setting("POWERTOOLS_SERVICE_NAME", default="vigil")
    traced: bool = _setting("POWERTOOLS_TRACE_DISABLED", lambda text: not values.boolean(text), default=True)
    stack_name: str = _setting("VIGIL_STACK_NAME", default="vigil")
    """Name of the deployed stack: its functions and alarms begin with it, and its API and metrics have it."""
    tenant_domain: str = _setting("VIGIL_TENANT_DOMAIN", values.domain, default="")
    """Domain with one subdomain per tenant, such as `acme.example.org`; empty if tenants have no subdomains."""

    access_table: str = _setting("VIGIL_ACCESS_TABLE")
    alerts_table: str = _setting("VIGIL_ALERTS_TABLE")
    batches_table: str = _setting("VIGIL_BATCHES_TABLE")
    costs_table: str = _setting("VIGIL_COSTS_TABLE")
    dead_letters_table: str = _setting("VIGIL_DEAD_LETTERS_TABLE")
    decisions_table: str = _setting("VIGIL_DECISIONS_TABLE")
    failures_table: str = _setting("VIGIL_FAILURES_TABLE")
    flags_table: str = _setting("VIGIL_FLAGS_TABLE")
    idempotency_table: str = _setting("VIGIL_IDEMPOTENCY_TABLE")
    incidents_table: str = _setting("VIGIL_INCIDENTS_TABLE")
    limits_table: str = _setting("VIGIL_LIMITS_TABLE")
    measurements_table: str = _setting("VIGIL_MEASUREMENTS_TABLE")
    monitoring_table: str = _setting("VIGIL_MONITORING_TABLE")
    outcomes_table: str = _setting("VIGIL_OUTCOMES_TABLE")
    registry_table: str = _setting("VIGIL_REGISTRY_TABLE")
    subjects_table: str = _setting("VIGIL_SUBJECTS_TABLE")
    tenant_keys_table: str = _setting("VIGIL_TENANT_KEYS_TABLE")
    usage_table: str = _setting("VIGIL_USAGE_TABLE")
    webhooks_table: str = _setting("VIGIL_WEBHOOKS_TABLE")
    batches_bucket: str = _setting("VIGIL_BATCHES_BUCKET")
    packages_bucket: str = _setting("VIGIL_PACKAGES_BUCKET")
    event_bus: str = _setting("VIGIL_EVENT_BUS")

    alerts_queue: str = _setting("VIGIL_ALERTS_QUEUE")
    alert_deliveries_queue: str = _setting("VIGIL_ALERT_DELIVERIES_QUEUE")
    webhook_deliveries_queue: str = _setting("VIGIL_WEBHOOK_DELIVERIES_QUEUE")
    batch_splits_queue: str = _setting("VIGIL_BATCH_SPLITS_QUEUE")
    batch_chunks_queue: str = _setting("VIGIL_BATCH_CHUNKS_QUEUE")
    batch_assemblies_queue: str = _setting("VIGIL_BATCH_ASSEMBLIES_QUEUE")
    incident_steps_queue: str = _setting("VIGIL_INCIDENT_STEPS_QUEUE")
    usage_events_queue: str = _setting("VIGIL_USAGE_EVENTS_QUEUE")
    dead_letters: str = _setting("VIGIL_DEAD_LETTERS")
    """URL of the dead-letter queue of the queue that this function reads."""
    events_publisher_dead_letters: str = _setting("VIGIL_EVENTS_PUBLISHER_DEAD_LETTERS")
    usage_counters_dead_letters: str = _setting("VIGIL_USAGE_COUNTERS_DEAD_LETTERS")

    access_secret_arn: str = _setting("VIGIL_ACCESS_SECRET_ARN")
    alerting_secret_arn: str = _setting("VIGIL_ALERTING_SECRET_ARN")
    """Secret with the field `key`. It encrypts the secrets of channels and webhooks, and signs links in notices."""
    cursor_secret_arn: str = _setting("VIGIL_CURSOR_SECRET_ARN")
    signing_secret_arn: str = _setting("VIGIL_SIGNING_SECRET_ARN")
    data_key_arn: str = _setting("VIGIL_DATA_KEY_ARN")
    """KMS key that encrypts the tables, and the keys of tenants in their table."""
    certificate_key_arn: str = _setting("VIGIL_CERTIFICATE_KEY_ARN")
    model_keys: Mapping[str, bytes] = _setting("VIGIL_MODEL_KEYS", values.public_keys)
    """Pinned Ed25519 public keys by key id."""
    model_floors: Mapping[str, int] = field(
        default_factory=dict, metadata={"variable": "VIGIL_MODEL_FLOORS", "read": values.versions}
    )
    """Lowest version of each model that may be loaded, pinned with the deployment."""

    backoff_base: timedelta = _setting("VIGIL_BACKOFF_BASE_SECONDS", seconds(0, 3600), timedelta(seconds=60))
    most_reprocess_attempts: int = _setting("VIGIL_MAX_REPROCESS_ATTEMPTS", values.whole_number(0, 100), 5)
    sample_pause: timedelta = _setting("VIGIL_SAMPLE_PAUSE_SECONDS", seconds(0, 600), timedelta(seconds=60))
    """Pause between two samples of a repeated check of a runbook."""
    authorizer_cache: timedelta = _setting("VIGIL_AUTHORIZER_CACHE_SECONDS", seconds(0, 3600), timedelta(seconds=30))
    """Maximum age of keys and tenants in the authorizer's cache."""
    offboarding_pause: timedelta = _setting(
        "VIGIL_OFFBOARDING_PAUSE_SECONDS", seconds(0, 86_400), timedelta(seconds=120)
    )
    """Pause between the refusal of the last key and the erasure, and between two checks of one store."""
    upload_address_life: timedelta = _setting("VIGIL_UPLOAD_ADDRESS_SECONDS", seconds(0, 43_200), timedelta(hours=1))
    """Time from the creation of an upload address to its expiry. The certificate of a leaving tenant waits for it."""
    connect_timeout: timedelta = _setting(
        "VIGIL_AWS_CONNECT_TIMEOUT_MS", milliseconds(1, 60_000), timedelta(milliseconds=250)
    )
    read_timeout: timedelta = _setting(
        "VIGIL_AWS_READ_TIMEOUT_MS", milliseconds(1, 60_000), timedelta(milliseconds=500)
    )

    api_address: str = _setting("VIGIL_API_ADDRESS", values.web_address, "")
    """Public address of the API in links of notices, such as `https://api.example.org`; empty for notices without."""
    mail_sender: str = _setting("VIGIL_MAIL_SENDER", values.mail_address, "")
    """Sender address of mails, which SES has verified; empty for a deployment without mails."""
    sentry_dsn: tuple[str, str] | None = _setting("VIGIL_SENTRY_DSN", values.sentry_dsn, None)
    """Envelope endpoint and public key of a Sentry project that receives findings of failures; None for none."""
    openai_secret_arn: str = _setting("VIGIL_OPENAI_SECRET_ARN", default="")
    """Secret of OpenAI, with the fields `api_key` and `tenant_key`; empty for a deployment without OpenAI.

    The key of tenants makes the pseudonyms by which OpenAI tells tenants apart.
    """
    openai_address: str = _setting("VIGIL_OPENAI_ADDRESS", values.web_address, "https://api.openai.com/v1")
    openai_data_agreement: str = _setting("VIGIL_OPENAI_DATA_AGREEMENT", values.one_of("baa", "zdr"), "")
    """Agreement of the operator with OpenAI about health data: `baa`, a business associate agreement, or `zdr`, zero
    data retention; empty for none."""
    openai_selection_model: str = _setting("VIGIL_OPENAI_SELECTION_MODEL", values.model_name, "gpt-4o-mini")
    openai_embedding_dimension: int = _setting("VIGIL_OPENAI_EMBEDDING_DIMENSION", values.embedding_dimension, 384)
    outbound_allow: frozenset[tuple[str, int]] = _setting("VIGIL_OUTBOUND_ALLOW", values.hosts_with_ports, frozenset())
    """Exact hosts and ports to which requests may go although their addresses are private. Only operators set them."""

    flags_ttl: timedelta = timedelta(seconds=60)
    idempotency_window: timedelta = timedelta(hours=24)
    max_body_bytes: int = 256 * 1024
    max_batch_body_bytes: int = 4 << 20

    def __post_init__(self) -> None:
        for name in _VARIABLES:
            if getattr(self, name) is _ABSENT:
                object.__delattr__(self, name)

    def __getattr__(self, name: str) -> Any:
        """Raise SettingsError for an absent setting. Python calls this only if an attribute is not found."""
        if name in _VARIABLES:
            raise SettingsError(f"{_VARIABLES[name]} is not set")
        raise AttributeError(name)

    @property
    def metric_namespace(self) -> str:
        """Namespace of the metrics of this stack in CloudWatch."""
        return namespace_in_stack(OWN_METRICS, self.stack_name)

    def get(self, name: str, default: str) -> str:
        """Return a setting as text, or the default if it is absent."""
        try:
            return str(getattr(self, name))
        except SettingsError:
            return default

    @classmethod
    def from_env(cls, env: Mapping[str, str], needs: Collection[str] = ()) -> "Settings":
        """Read every variable that is set; an empty one counts as not set.

        Raises SettingsError that names all variables of `needs` that are not set, and all malformed variables.
        """
        found, problems = cls.read(env, needs)
        if problems:
            raise SettingsError("; ".join(problems))
        return cls(**found)

    @classmethod
    def read(cls, env: Mapping[str, str], needs: Collection[str] = ()) -> tuple[dict[str, Any], list[str]]:
        """Return the values of all well-formed variables by setting, and one sentence per problem.

        A problem is a malformed variable, or a variable of `needs` or of the stage that is not set.
        """
        found: dict[str, Any] = {}
        problems: list[str] = []
        for declared in fields(cls):
            variable = declared.metadata.get("variable", "")
            if text := env.get(variable):
                try:
                    found[declared.name] = declared.metadata["read"](text)
                except ValueError as broken:
                    problems.append(f"{variable} {broken}")
            elif declared.name in {"stage", *needs}:
                problems.append(f"{variable} is not set")
        return found, problems

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the names of all settings that have a variable."""
        return tuple(_VARIABLES)

    @staticmethod
    def variable(name: str) -> str:
        """Return the variable of a setting."""
        return _VARIABLES[name]


_VARIABLES: dict[str, str] = {each.name: each.metadata["variable"] for each in fields(Settings) if each.metadata}
