"""Record of the embedded stack in `.vigil/local.json`: its URLs, resource names and demo keys."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cli.checkout import STATE
from vigil.bootstrap import process

REGION = "us-east-1"
# MiniStack accepts these as its root user. They are valid nowhere else.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
READ_SECONDS = 40
"""Read time-out of commands. A command may invoke a function, which may take 30 seconds on a busy machine."""


@dataclass(frozen=True)
class DemoTenant:
    """Tenant of the embedded stack, and its API key."""

    tenant_id: str
    tier: str
    api_key: str


@dataclass(frozen=True)
class Embedded:
    """URLs, resource names, demo tenants and models of the embedded stack."""

    api_url: str
    docs_url: str
    endpoint_url: str
    stack_name: str
    tables: Mapping[str, str]
    buckets: Mapping[str, str]
    secrets: Mapping[str, str]
    data_key_arn: str
    """KMS key that encrypts the tables and the keys of tenants."""
    model_keys: str
    """Pinned public keys of model packages, as JSON."""
    fingerprint: str = ""
    """Fingerprint of all inputs of the stack. `vigil local up` does nothing while it is the same."""
    template: str = ""
    """Fingerprint of the templates. `vigil local up` updates the stack in place while it is the same."""
    region: str = REGION
    queues: Mapping[str, str] = field(default_factory=dict)
    event_bus: str = ""
    tenants: tuple[DemoTenant, ...] = ()
    models: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, state: Path = STATE) -> "Embedded | None":
        """Return the record in a state folder, or None if it is missing or unreadable."""
        try:
            raw: dict[str, Any] = json.loads((state / "local.json").read_text())
            return cls(**raw | {"tenants": tuple(DemoTenant(**tenant) for tenant in raw["tenants"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def save(self, state: Path) -> None:
        """Replace the record atomically. It has API keys, so only its owner may read it."""
        draft = state / "local.json.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(state / "local.json")

    def environment(self) -> dict[str, str]:
        """Return the environment variables that point `vigil.bootstrap` and boto3 at this stack."""
        return aws_environment(self.endpoint_url) | {
            "VIGIL_API_URL": self.api_url,
            "VIGIL_STAGE": "local",
            "VIGIL_STACK_NAME": self.stack_name,
            **{f"VIGIL_{name.upper()}_TABLE": table for name, table in self.tables.items()},
            "VIGIL_PACKAGES_BUCKET": self.buckets["packages"],
            "VIGIL_BATCHES_BUCKET": self.buckets["batches"],
            "VIGIL_ACCESS_SECRET_ARN": self.secrets["access"],
            "VIGIL_DATA_KEY_ARN": self.data_key_arn,
            "VIGIL_MODEL_KEYS": self.model_keys,
            "VIGIL_CURSOR_SECRET_ARN": self.secrets["cursor"],
            "VIGIL_ALERTING_SECRET_ARN": self.secrets["alerting"],
            "VIGIL_SIGNING_SECRET_ARN": self.secrets["signing"],
            "VIGIL_AWS_CONNECT_TIMEOUT_MS": "2000",
            "VIGIL_AWS_READ_TIMEOUT_MS": str(READ_SECONDS * 1_000),
        }

    def activate(self) -> None:
        """Point this process at this stack; the user's own AWS configuration is not read."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self.environment())
        process.forget()


def aws_environment(endpoint_url: str) -> dict[str, str]:
    """Return the environment variables of an AWS client of MiniStack, without the user's AWS configuration."""
    return CREDENTIALS | {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
