"""The deployment that the CLI works on: the one that the environment names, or the embedded one of this checkout."""

import os
from pathlib import Path

from cli.checkout import STATE
from cli.embedded import Embedded
from vigil.errors import NotFound


def home() -> Path:
    """Return the folder of local state: `.vigil` of the checkout, or `VIGIL_HOME`."""
    return Path(os.environ.get("VIGIL_HOME", STATE))


def enter() -> None:
    """Make `vigil.bootstrap` reach the deployment: `VIGIL_STAGE` and its kin if they are set, else the embedded one.

    Raises NotFound if there is neither.
    """
    if "VIGIL_STAGE" in os.environ:
        return
    if (embedded := Embedded.load(home())) is None:
        raise NotFound("no deployment: run `make up`, or set VIGIL_STAGE and the other variables of a function")
    embedded.activate()


def tenants() -> list[str]:
    """Return the tenants of the embedded deployment; raise NotFound on any other, whose tenants must be named."""
    embedded = Embedded.load(home())
    if embedded is None or os.environ.get("VIGIL_DECISIONS_TABLE") != embedded.tables["decisions"]:
        raise NotFound("name the tenants with --tenant")
    return [tenant.tenant_id for tenant in embedded.tenants]
