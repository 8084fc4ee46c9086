"""Start, update, recovery and stop of the embedded stack."""

import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from cli.checkout import STATE
from cli.embedded import Embedded
from cli.emulator import Emulator
from tests.e2e.clients import VIGIL, vigil

HOME = STATE / "e2e-lifecycle"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Function that runs a command on this module's own stack, from a folder outside the checkout."""
    elsewhere = tmp_path_factory.mktemp("outside")
    try:
        yield lambda *arguments, **options: vigil(HOME, "local", *arguments, cwd=elsewhere, **options)
    finally:
        vigil(HOME, "local", "down", cwd=elsewhere)


def serves(deployed):
    return httpx.get(f"{deployed.api_url}/health/readiness", timeout=60, trust_env=False).is_success


def family():
    process = Emulator(HOME).process()
    return [process, *process.children(recursive=True)]


def test_a_second_up_does_not_change_the_stack(run):
    run("up")
    before, process, stamp = Embedded.load(HOME), Emulator(HOME).process(), (HOME / "sam.log").stat().st_mtime_ns
    done = run("up")
    assert Embedded.load(HOME) == before
    assert Emulator(HOME).process() == process
    assert (HOME / "sam.log").stat().st_mtime_ns == stamp
    assert "Deploy" not in done.stdout
    assert serves(before)


def test_new_code_updates_the_stack_in_place(run):
    run("up")
    before, process = Embedded.load(HOME), Emulator(HOME).process()
    replace(before, fingerprint="of other code").save(HOME)
    assert "The template has changed" not in run("up").stdout
    assert Embedded.load(HOME) == before
    assert Emulator(HOME).process() == process


def test_a_second_stack_of_the_checkout_is_independent(run, stack):
    run("up")
    ours = Embedded.load(HOME)
    assert ours.stack_name != stack.stack_name
    assert ours.endpoint_url != stack.endpoint_url
    assert serves(ours)
    assert serves(stack)
    key = {"Authorization": f"Bearer {stack.tenants[0].api_key}"}
    assert httpx.get(f"{ours.api_url}/v1/models", headers=key, timeout=60, trust_env=False).status_code == 401


def interrupt_up(folder, former):
    """Kill an `up` after it has replaced a former MiniStack; return the new MiniStack, which runs on."""
    command = [VIGIL, "local", "up"]
    interrupted = subprocess.Popen(
        command, cwd=folder, env=os.environ | {"VIGIL_HOME": str(HOME)}, stdout=subprocess.DEVNULL
    )
    while Emulator(HOME).process() in (None, former) or Emulator(HOME).endpoint() is None:
        assert interrupted.poll() is None, "`up` ended before it started a process"
        time.sleep(0.05)
    interrupted.send_signal(signal.SIGKILL)
    interrupted.wait()
    return Emulator(HOME).process()


def test_up_recovers_after_kills_and_replaces_an_old_template(run, tmp_path):
    """MiniStack replaces some changed resources by empty ones, so a stack with a new template is created again."""
    run("up")
    before, killed = Embedded.load(HOME), family()
    killed[0].kill()
    assert not psutil.wait_procs(killed, timeout=30)[1], "workers still run after their MiniStack"
    assert run("status", check=False).returncode == 1

    first = interrupt_up(tmp_path, killed[0])
    assert Embedded.load(HOME) is None
    second = interrupt_up(tmp_path, first)
    assert not first.is_running()

    outdated = replace(before, endpoint_url=Emulator(HOME).endpoint(), fingerprint="of another template")
    replace(outdated, template="another").save(HOME)
    assert "The template has changed" in run("up").stdout
    after = Embedded.load(HOME)
    assert not second.is_running()
    assert Emulator(HOME).process() != second
    assert {t.tenant_id for t in after.tenants} == {t.tenant_id for t in before.tenants}
    assert serves(after)


def test_down_removes_processes_port_and_record(run):
    run("up")
    processes, address = family(), urlsplit(Embedded.load(HOME).endpoint_url)
    assert len(processes) > 1, "the functions must run as child processes"
    run("down")
    assert not [process for process in processes if process.is_running()]
    with socket.socket() as probe:
        assert probe.connect_ex((address.hostname, address.port)) != 0
    assert Embedded.load(HOME) is None
    assert not (HOME / "ministack").exists()
    assert run("status", check=False).returncode == 1
    assert "the stack was not running" in run("down").stdout
