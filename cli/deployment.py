"""Selects the deployment of a command: the one in the environment variables, or the embedded stack of this checkout."""

import os
from pathlib import Path

from cli.checkout import STATE
from cli.embedded import Embedded
from vigil.errors import NotFound


def state_folder() -> Path:
    """Return the folder of local state: `VIGIL_HOME`, or `.vigil` of the checkout."""
    return Path(os.environ.get("VIGIL_HOME", STATE))


def activate() -> None:
    """Point `vigil.bootstrap` at the deployment of the environment if `VIGIL_STAGE` is set, else at the embedded stack.

    Raises NotFound if there is neither.
    """
    if "VIGIL_STAGE" in os.environ:
        return
    if (embedded := Embedded.load(state_folder())) is None:
        raise NotFound("no deployment found: run `make up`, or set VIGIL_STAGE and the other variables of a function")
    embedded.activate()


def demo_tenant_ids() -> list[str]:
    """Return the ids of the demo tenants; raise NotFound for a deployment other than the embedded stack."""
    embedded = Embedded.load(state_folder())
    if embedded is None or os.environ.get("VIGIL_DECISIONS_TABLE") != embedded.tables["decisions"]:
        raise NotFound("this deployment has no demo tenants: name the tenants with --tenant")
    return [tenant.tenant_id for tenant in embedded.tenants]
