"""The embedded stack for end-to-end tests, separate from the user's stack and removed after the tests."""

import fcntl
import os
from contextlib import ExitStack, contextmanager

import pytest

from cli.embedded import Embedded
from cli.stack import Stack
from tests.e2e.clients import HOME, http, vigil


@contextmanager
def shared(path):
    """Share a resource with other processes through a file lock.

    Yield a function that returns True in the last process, which then locks the resource exclusively.
    """

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
    """Record of a running stack. With VIGIL_E2E_KEEP=1 it stays up for the next run."""
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
    """Factory of AWS clients for the stack."""
    return lambda service, **more: Stack(HOME).client(stack.endpoint_url, service, **more)


@pytest.fixture(scope="session")
def cli(stack, tmp_path_factory):
    """Function that runs a `vigil` command on the stack of the tests and returns its output."""
    elsewhere = tmp_path_factory.mktemp("cli")
    return lambda *arguments: vigil(HOME, *arguments, cwd=elsewhere).stdout


@pytest.fixture(scope="session")
def tenants(stack):
    """HTTP clients of the two demo tenants."""
    first, second = (http(stack, tenant.api_key) for tenant in stack.tenants)
    with first, second:
        yield first, second


@pytest.fixture(scope="session")
def caller(stack, cli):
    """Function (tenant id, role) that returns an HTTP client with a new key."""
    with ExitStack() as opened:

        def enter(tenant_id, role):
            key = cli("tenants", "create-key", tenant_id, "--role", role).strip()
            return opened.enter_context(http(stack, key))

        yield enter


@pytest.fixture(scope="session")
def operator(stack, caller):
    """HTTP client of an operator."""
    return caller(stack.tenants[0].tenant_id, "operator")
