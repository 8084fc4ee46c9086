"""The embedded stack, deployed for the tests beside the user's own and taken down after them."""

import fcntl
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from cli.checkout import STATE
from cli.embedded import Embedded
from cli.stack import Stack

HOME = STATE / "e2e"
VIGIL = Path(sys.executable).with_name("vigil")


def vigil(state, *arguments, cwd, check=True):
    """Run a `vigil` command on a state folder, from elsewhere, and return it finished."""
    environment = os.environ | {"VIGIL_HOME": str(state)}
    done = subprocess.run(
        [VIGIL, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def http(stack, key=None):
    """Return an HTTP client with a key, or without a credential."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=stack.api_url, headers=headers, timeout=60, trust_env=False)


@contextmanager
def shared(path):
    """Use something with other processes; yield a function that tells the last one, who then has it alone."""

    def last():
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield last


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """The record of a stack that serves; VIGIL_E2E_KEEP=1 leaves it up for the next run."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with shared(HOME.with_suffix(".users")) as last:
        try:
            vigil(HOME, "local", "up", cwd=elsewhere)
            yield Embedded.load(HOME)
        finally:
            if os.environ.get("VIGIL_E2E_KEEP") != "1" and last():
                vigil(HOME, "local", "down", cwd=elsewhere)


@pytest.fixture(scope="session")
def aws(stack):
    """AWS clients of the stack."""
    return lambda service, **more: Stack(HOME).client(stack.endpoint_url, service, **more)


@pytest.fixture(scope="session")
def cli(stack, tmp_path_factory):
    """Run a `vigil` command on the stack of the tests and return what it printed."""
    elsewhere = tmp_path_factory.mktemp("cli")
    return lambda *arguments: vigil(HOME, *arguments, cwd=elsewhere).stdout


@pytest.fixture(scope="session")
def tenants(stack):
    """The two demo tenants over HTTP."""
    first, second = (http(stack, tenant.api_key) for tenant in stack.tenants)
    with first, second:
        yield first, second


@pytest.fixture(scope="session")
def caller(stack, cli):
    """Return a function (tenant id, role) that gives an HTTP client with a new key."""
    with ExitStack() as opened:

        def enter(tenant_id, role):
            key = cli("tenants", "create-key", tenant_id, "--role", role).strip()
            return opened.enter_context(http(stack, key))

        yield enter


@pytest.fixture(scope="session")
def operator(stack, caller):
    """An operator over HTTP."""
    return caller(stack.tenants[0].tenant_id, "operator")
