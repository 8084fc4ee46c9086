"""Debian's Python 3.13 for arm64 in `.vigil`, which qemu runs on any machine: `python3 layers/arm_root.py` creates it.

The root is as bare as Lambda: libc, Python and no OpenMP. It needs Debian's `debootstrap` and `qemu-user-static`, root
rights, and the package mirror of apt. The script needs only the standard library.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

STATE = Path(__file__).resolve().parents[1] / ".vigil"
SUITE, PYTHON = "trixie", "python3.13"
ROOT = STATE / f"arm-root-{SUITE}"
"""Folder of the root. It appears only when it is complete."""
DEFAULT_MIRROR = "http://deb.debian.org/debian/"
_QEMU = ("qemu-aarch64-static", "qemu-aarch64")
_INSTALL = "apt-get install debootstrap qemu-user-static"


class CannotRun(Exception):
    """Raised when this machine cannot create or run the root; the message has the reason and the remedy."""


def main() -> None:
    """Create the root if it is missing, and print its interpreter."""
    try:
        sys.stdout.write(" ".join(interpreter()) + "\n")
    except CannotRun as reason:
        raise SystemExit(str(reason)) from None


def interpreter() -> tuple[str, ...]:
    """Return the command of the interpreter, after the root is created; raise CannotRun."""
    found = qemu()
    if not ROOT.is_dir():
        _create()
    return command(found)


def existing_interpreter() -> tuple[str, ...] | None:
    """Return the command of the interpreter of a root that exists already, or None."""
    try:
        return command(qemu()) if ROOT.is_dir() else None
    except CannotRun:
        return None


def command(emulator: str) -> tuple[str, ...]:
    """Return the command of the root's interpreter under an emulator."""
    return emulator, "-L", str(ROOT), str(ROOT / "usr" / "bin" / PYTHON)


def qemu() -> str:
    """Return the path of the emulator of arm64 programs; raise CannotRun without one."""
    for name in _QEMU:
        if found := shutil.which(name):
            return found
    raise CannotRun(f"qemu-aarch64 is missing, so arm64 code cannot run here: {_INSTALL}")


def _create() -> None:
    """Download the packages of the root and unpack them. Nothing of the root runs, so binfmt is not needed."""
    if (bootstrap := shutil.which("debootstrap", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")) is None:
        raise CannotRun(f"debootstrap is missing, so there is no arm64 Python: {_INSTALL}")
    if os.geteuid() != 0:
        raise CannotRun("debootstrap needs root rights, so there is no arm64 Python: run `sudo make test-arm`")
    STATE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=STATE, ignore_cleanup_errors=True) as work:
        root = Path(work, "root")
        options = ["--arch=arm64", "--foreign", "--variant=minbase", f"--include={PYTHON}"]
        _run(bootstrap, *options, SUITE, str(root), _mirror())
        archives = sorted(root.glob("var/cache/apt/archives/*.deb"))
        for archive in archives:
            _run("dpkg-deb", "--extract", str(archive), str(root))
        for unwanted in [*archives, *root.glob("usr/lib/*/libgomp*")]:  # Lambda has no OpenMP
            unwanted.unlink()
        if not ROOT.is_dir():  # otherwise another run has created it meanwhile
            root.rename(ROOT)


def _mirror() -> str:
    """Return the Debian mirror that apt is configured with."""
    wanted = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    try:
        listed = subprocess.run(wanted, capture_output=True, text=True, check=False).stdout
    except OSError:
        return DEFAULT_MIRROR
    mirrors = (line.split() for line in listed.splitlines())
    debian = (uri for origin, uri in mirrors if origin == "Debian" and "security" not in uri)
    return next(debian, DEFAULT_MIRROR)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRun(f"{words[0]} failed, so there is no arm64 Python:\n{(done.stdout + done.stderr)[-1000:]}")


if __name__ == "__main__":
    main()
