"""A function under Lambda's own Runtime Interface Emulator, which the SAM CLI carries: no Docker, no account."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cli.checkout import ROOT, STATE, CommandFailed, tool_python
from cli.stack import architecture

START_SECONDS = 20.0
INVOKE = "/2015-03-31/functions/function/invocations"
"""The path that invokes the function, whatever its name."""


@contextmanager
def running(folder: Path, path: str, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run `handler.lambda_handler` of a folder and yield the URL that invokes it; what it prints goes to `log`.

    `path` is its PYTHONPATH beside the folder itself. Its runtime starts with the first invocation. Raises
    CommandFailed if the emulator does not come up.
    """
    front, back = _free_address(), _free_address()
    addresses = ["--runtime-interface-emulator-address", front, "--runtime-api-address", back]
    handler = [str(tool_python("runtime")), "-P", "-m", "awslambdaric", "handler.lambda_handler"]
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


def layers(target: Path, *names: str) -> str:
    """Build layers for this machine under `target` and return them as a PYTHONPATH."""
    for name in names:
        environment = os.environ | {"VIGIL_BUILD": "local"}
        subprocess.run([sys.executable, ROOT / "layers/build.py", name, target / name], env=environment, check=True)
    return os.pathsep.join(str(target / name / "python") for name in names)


@cache
def _emulator() -> Path:
    """Return a runnable copy of the emulator that the SAM CLI keeps for its containers."""
    where = "import samcli, pathlib; print(pathlib.Path(samcli.__file__).parent)"
    package = subprocess.run([tool_python("sam"), "-c", where], capture_output=True, text=True, check=True).stdout
    name = f"aws-lambda-rie-{architecture()}"
    runnable = STATE / "bin" / name
    runnable.parent.mkdir(parents=True, exist_ok=True)
    draft = runnable.with_suffix(f".{os.getpid()}")
    shutil.copy(Path(package.strip(), "local", "rapid", name), draft)
    draft.chmod(0o755)
    draft.replace(runnable)  # another run may be using the one that is there
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
    raise CommandFailed("the runtime interface emulator did not start")
