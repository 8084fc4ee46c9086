"""Runs a function under Lambda's Runtime Interface Emulator from the SAM CLI, without Docker or an AWS account."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cli.checkout import ROOT, STATE, CommandFailed, tool_python
from cli.stack import architecture

START_SECONDS = 20.0
INVOKE = "/2015-03-31/functions/function/invocations"
"""Path that invokes the function; it is the same for every function."""


@contextmanager
def run_function(
    folder: Path, path: str, environment: Mapping[str, str], log: Path, python: Sequence[str] = ()
) -> Iterator[str]:
    """Run `handler.lambda_handler` of a folder and yield the URL that invokes it; write its output to `log`.

    `path` is its PYTHONPATH without the folder itself. `python` is the command of an interpreter with the runtime on
    that path; the default is the interpreter of the pinned runtime. The runtime starts with the first invocation.
    Raises CommandFailed if the emulator does not start.
    """
    front, back = _free_address(), _free_address()
    addresses = ["--runtime-interface-emulator-address", front, "--runtime-api-address", back]
    handler = [*(python or [str(tool_python("runtime"))]), "-P", "-m", "awslambdaric", "handler.lambda_handler"]
    own = {"PATH": os.defpath, "PYTHONPATH": f"{path}{os.pathsep}{folder}", "AWS_LAMBDA_FUNCTION_NAME": folder.name}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(_emulator()), *addresses, *handler],
            cwd=folder,
            env={**environment, **own},
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for(front, process)
        yield f"http://{front}{INVOKE}"
    finally:
        process.terminate()
        process.wait(10)


def build_layers(target: Path, *names: str, checkout: Path = ROOT) -> str:
    """Build layers of a checkout for this machine under `target` and return their PYTHONPATH."""
    for name in names:
        environment = os.environ | {"VIGIL_BUILD": "local"}
        subprocess.run([sys.executable, checkout / "layers/build.py", name, target / name], env=environment, check=True)
    return os.pathsep.join(str(target / name / "python") for name in names)


@cache
def _emulator() -> Path:
    """Return the path of an executable copy of the emulator that the SAM CLI ships for its containers."""
    where = "import samcli, pathlib; print(pathlib.Path(samcli.__file__).parent)"
    package = subprocess.run([tool_python("sam"), "-c", where], capture_output=True, text=True, check=True).stdout
    name = f"aws-lambda-rie-{architecture()}"
    runnable = STATE / "bin" / name
    runnable.parent.mkdir(parents=True, exist_ok=True)
    draft = runnable.with_suffix(f".{os.getpid()}")
    shutil.copy(Path(package.strip(), "local", "rapid", name), draft)
    draft.chmod(0o755)
    draft.replace(runnable)  # another run may use the existing copy
    return runnable


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.02)
    raise CommandFailed(f"the runtime interface emulator did not start within {START_SECONDS:.0f} s")
