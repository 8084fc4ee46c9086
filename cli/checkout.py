"""Paths, pinned tools, fingerprints and locks of this checkout."""

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
    """Error for a failed tool; the message ends with its output."""


def uv() -> str:
    """Return the path of uv: from `UV`, from PATH, or as installed by `make`."""
    found = os.environ.get("UV") or shutil.which("uv")
    return found or str(STATE / "uv" / "bin" / "uv")


@cache
def pin(tool: str) -> str:
    """Return the pinned requirement of a tool, from pyproject.toml."""
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vigil"]["tools"]
    return str(pins[tool])


@cache
def tool_python(tool: str) -> Path:
    """Return the interpreter of a tool's own environment; raise CommandFailed if it cannot be installed.

    The first call creates the environment on the interpreter of this process, for which native parts are built.
    """
    command = [uv(), "tool", "run", "--python", sys.executable, "--from", pin(tool), "python", "-c"]
    done = subprocess.run([*command, "import sys; print(sys.executable)"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(f"{pin(tool)} could not be installed:\n{done.stderr.strip()}")
    return Path(done.stdout.strip())


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """Return a SHA-256 of names and contents of the files under these paths, and of further texts."""
    digest = hashlib.sha256("\0".join(more).encode())
    for root in paths:
        for file in sorted([root] if root.is_file() else root.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(ROOT)}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Lock a file; call `waiting` first if another process has the lock.

    The lock ends with the process, also after a crash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            waiting()
            flock(file, LOCK_EX)
        yield
