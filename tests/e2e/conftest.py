"""The embedded stack, deployed for the tests beside the user's own and taken down after them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.checkout import STATE
from cli.embedded import Embedded
from cli.stack import Stack

VIGIL = Path(sys.executable).with_name("vigil")


def vigil(state, *arguments, cwd, check=True):
    """Run a `vigil` command on a state folder, from elsewhere, and return it finished."""
    environment = os.environ | {"VIGIL_HOME": str(state)}
    done = subprocess.run(
        [VIGIL, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """The record of a stack that serves; VIGIL_E2E_KEEP=1 leaves it up for the next run."""
    state, elsewhere = STATE / "e2e", tmp_path_factory.mktemp("elsewhere")
    try:
        vigil(state, "local", "up", cwd=elsewhere)
        yield Embedded.load(state)
    finally:
        if os.environ.get("VIGIL_E2E_KEEP") != "1":
            vigil(state, "local", "down", cwd=elsewhere)


@pytest.fixture(scope="session")
def aws(stack):
    """AWS clients of the stack."""
    return lambda service: Stack(STATE / "e2e").client(stack.endpoint_url, service)


@pytest.fixture(scope="session")
def cli(stack, tmp_path_factory):
    """Run a `vigil` command on the stack of the tests and return what it printed."""
    elsewhere = tmp_path_factory.mktemp("cli")
    return lambda *arguments: vigil(STATE / "e2e", *arguments, cwd=elsewhere).stdout
