"""The record of the embedded stack, `.vigil/local.json`: where it answers and what its resources are called."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cli.checkout import STATE
from vigil.bootstrap import process

REGION = "us-east-1"
# MiniStack takes these for its root user's; they open nothing else.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@dataclass(frozen=True)
class DemoTenant:
    """A tenant of the embedded stack with the one key it was given."""

    tenant_id: str
    tier: str
    api_key: str


@dataclass(frozen=True)
class Embedded:
    """Where the embedded stack answers and what its resources are called."""

    api_url: str
    docs_url: str
    endpoint_url: str
    stack_name: str
    tables: Mapping[str, str]
    buckets: Mapping[str, str]
    secrets: Mapping[str, str]
    model_keys: str
    """The pinned public keys, as JSON."""
    fingerprint: str = ""
    """Of all that went into it: while it is the same, `up` has nothing to do."""
    template: str = ""
    """The fingerprint of its templates: while that is the same, `up` updates it in place."""
    region: str = REGION
    queues: Mapping[str, str] = field(default_factory=dict)
    event_bus: str = ""
    tenants: tuple[DemoTenant, ...] = ()
    models: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, state: Path = STATE) -> "Embedded | None":
        """Return the deployment recorded in a state folder, or None."""
        try:
            raw: dict[str, Any] = json.loads((state / "local.json").read_text())
            return cls(**raw | {"tenants": tuple(DemoTenant(**tenant) for tenant in raw["tenants"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def save(self, state: Path) -> None:
        """Write the record, whole or not at all; it holds keys, so only its owner may read it."""
        draft = state / "local.json.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(state / "local.json")

    def environment(self) -> dict[str, str]:
        """Return the variables under which `vigil.bootstrap` and boto3 reach this deployment."""
        return aws_environment(self.endpoint_url) | {
            "VIGIL_API_URL": self.api_url,
            "VIGIL_STAGE": "local",
            **{f"VIGIL_{name.upper()}_TABLE": table for name, table in self.tables.items()},
            "VIGIL_PACKAGES_BUCKET": self.buckets["packages"],
            "VIGIL_ACCESS_SECRET_ARN": self.secrets["access"],
            "VIGIL_MODEL_KEYS": self.model_keys,
            "VIGIL_CURSOR_SECRET_ARN": self.secrets["cursor"],
            "VIGIL_SIGNING_SECRET_ARN": self.secrets["signing"],
            "VIGIL_AWS_CONNECT_TIMEOUT_MS": "2000",
            "VIGIL_AWS_READ_TIMEOUT_MS": "10000",
        }

    def activate(self) -> None:
        """Make this process talk to this deployment; nothing of the user's own AWS configuration is read."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self.environment())
        process.forget()


def aws_environment(endpoint_url: str) -> dict[str, str]:
    """Return the variables that send an AWS client to MiniStack and away from the user's own configuration."""
    return CREDENTIALS | {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
