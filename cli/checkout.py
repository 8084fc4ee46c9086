"""This checkout: where its files and its state are, and the pinned tools that it runs."""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cache
from pathlib import Path

from vigil.errors import VigilError

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".vigil"


class CommandFailed(VigilError):
    """A tool that we ran failed; the message ends with what it said."""


def uv() -> str:
    """Return the path of uv: the one that runs us, the one on PATH, or the one that `make` installed."""
    found = os.environ.get("UV") or shutil.which("uv")
    return found or str(STATE / "uv" / "bin" / "uv")


@cache
def pin(tool: str) -> str:
    """Return the pinned requirement of a tool."""
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vigil"]["tools"]
    return str(pins[tool])


@cache
def tool_python(tool: str) -> Path:
    """Return the interpreter of a tool's own environment, made on first use; raise CommandFailed if it cannot be.

    It is built on our own interpreter, for which the local build makes its native parts.
    """
    command = [uv(), "tool", "run", "--python", sys.executable, "--from", pin(tool), "python", "-c"]
    done = subprocess.run([*command, "import sys; print(sys.executable)"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(f"{pin(tool)} could not be installed:\n{done.stderr.strip()}")
    return Path(done.stdout.strip())


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """Return a SHA-256 over the files under these paths, by name and content, and over further words."""
    digest = hashlib.sha256("\0".join(more).encode())
    for root in paths:
        for file in sorted([root] if root.is_file() else root.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(ROOT)}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock file; call `waiting` if another process has it. The lock goes with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            waiting()
            flock(file, LOCK_EX)
        yield
