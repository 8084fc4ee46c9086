"""Clients of the stack of the end-to-end tests: its command line and HTTP."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from cli.checkout import STATE

HOME = STATE / "e2e"
VIGIL = Path(sys.executable).with_name("vigil")


def vigil(state, *arguments, cwd, check=True):
    """Run a `vigil` command on the stack in `state`, from the folder `cwd`; return the completed process."""
    environment = os.environ | {"VIGIL_HOME": str(state)}
    done = subprocess.run(
        [VIGIL, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def http(stack, key=None):
    """Return an HTTP client with a key, or without credentials if `key` is None."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=stack.api_url, headers=headers, timeout=60, trust_env=False)
