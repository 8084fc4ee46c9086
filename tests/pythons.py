"""Runs the fast tests on every supported Python that is found: `python -m tests.pythons [INTERPRETER ...]`.

Each version has an environment of its own under `.vigil/pythons`. Without interpreters those on PATH are taken.
"""

import os
import subprocess
import sys

from cli.checkout import ROOT, uv

SUPPORTED = ("3.11", "3.12", "3.13")
TESTS = ("tests/unit", "tests/adapters", "tests/conformance", "tests/functions")
_VERSION = "import sys; print('{}.{}'.format(*sys.version_info))"


def main(interpreters: list[str]) -> None:
    """Run the tests on each version, and exit with an error if one failed."""
    candidates = interpreters or [f"python{version}" for version in SUPPORTED]
    found = {version: python for python in candidates if (version := _version(python))}
    for version in SUPPORTED:
        if version not in found:
            _print(f"Skipped CPython {version}: no interpreter found. Name one with PYTHONS=/path/to/python{version}.")
    failed = [version for version in SUPPORTED if version in found and not _passes(version, found[version])]
    if failed or not found:
        raise SystemExit(f"Tests failed on: {', '.join(failed) or 'no Python at all'}")


def _version(python: str) -> str | None:
    """Return the version of an interpreter, None if it does not run; a shim of pyenv may be there and not run."""
    try:
        run = subprocess.run([python, "-c", _VERSION], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def _passes(version: str, python: str) -> bool:
    _print(f"Run CPython {version}")
    environment = ROOT / ".vigil" / "pythons" / version
    inside = str(environment / "bin" / "python")
    commands = (
        [uv(), "sync", "--quiet", "--frozen", "--python", python],
        [inside, "layers/openmp.py"],
        [inside, "-m", "pytest", "-q", "-n", "auto", *TESTS],
    )
    settings = os.environ | {"UV_PROJECT_ENVIRONMENT": str(environment)}
    return all(subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode == 0 for command in commands)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
