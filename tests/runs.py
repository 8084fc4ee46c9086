"""Runs the fast tests at ten instants and in three random orders: `python -m tests.runs [NAME ...]`.

A name is one of INSTANTS, `shuffled`, or `shuffled:SEED` to repeat an order. Instants need Debian's `faketime`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import SystemRandom

from cli.checkout import tool_python

ROOT = Path(__file__).parents[1]
TESTS = ("tests/unit", "tests/adapters", "tests/functions")
SLEEP = ROOT / "tests" / "faketime"
"""Folder of the `sitecustomize` that mends `time.sleep` under `faketime`."""
ORDERS = 3
"""Number of random orders in a whole run."""
SHUFFLED = "shuffled"


@dataclass(frozen=True)
class Instant:
    """The time at which a run starts; its clock advances as usual."""

    start: str
    zone: str = "UTC"

    def environment(self) -> dict[str, str]:
        """Return the settings of `faketime`.

        The monotonic clock stays real, because timeouts count on it. `faketime` reads its variables once: it would
        read them every 10 s in any thread, and a test that sets a variable at that moment crashes the process. uv stays
        offline, because certificates of package indexes have expired at later instants.
        """
        paths = os.pathsep.join(filter(None, (str(SLEEP), os.environ.get("PYTHONPATH"))))
        return {
            "TZ": self.zone,
            "FAKETIME_FMT": "%s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1000000",
            "UV_OFFLINE": "1",
            "PYTHONPATH": paths,
        }

    def command(self) -> tuple[str, ...]:
        """Return the command before that of the tests."""
        return ("faketime", "-f", f"@{datetime.fromisoformat(self.start).timestamp():.0f}")


INSTANTS = {
    "noon": Instant("2026-11-18T12:00:00+00:00"),
    "after-midnight": Instant("2026-11-18T00:10:00+00:00"),
    "before-midnight": Instant("2026-11-18T23:59:50+00:00"),
    "end-of-january": Instant("2027-01-31T23:59:50+00:00"),
    "end-of-april": Instant("2027-04-30T23:59:50+00:00"),
    "end-of-year": Instant("2026-12-31T23:59:50+00:00"),
    "leap-day": Instant("2028-02-29T12:00:00+00:00"),
    "summer-time-begins": Instant("2027-03-28T01:59:50+01:00", "Europe/Berlin"),
    "summer-time-ends": Instant("2027-10-31T02:59:50+02:00", "Europe/Berlin"),
    "beyond-32-bits": Instant("2038-01-19T03:14:05+00:00"),
}


def main(names: list[str]) -> None:
    """Run the tests as the names ask for, and exit with an error if a run failed."""
    for tool in ("runtime", "sam"):  # installed at the real time
        tool_python(tool)
    wanted = names or [*INSTANTS, *[SHUFFLED] * ORDERS]
    if unknown := [name for name in wanted if name not in INSTANTS and name.partition(":")[0] != SHUFFLED]:
        raise SystemExit(f"Unknown run: {', '.join(unknown)}. Known: {', '.join([*INSTANTS, SHUFFLED])}.")
    failed = [name for name in _runnable(wanted) if not _passes(name)]
    if failed:
        raise SystemExit(f"Tests failed at: {', '.join(failed)}")


def _runnable(wanted: list[str]) -> Iterator[str]:
    """Yield the runs with their seeds, without the instants where `faketime` is not installed."""
    if not shutil.which("faketime"):
        skipped = [name for name in wanted if name in INSTANTS]
        wanted = [name for name in wanted if name not in INSTANTS]
        if skipped:
            _print(f"Skipped {', '.join(skipped)}: faketime is not installed (Debian: apt-get install faketime).")
    for name in wanted:
        yield f"{SHUFFLED}:{SystemRandom().randrange(2**32)}" if name == SHUFFLED else name


def _passes(name: str) -> bool:
    _print(f"Run {name}")
    tests = [sys.executable, "-m", "pytest", "-q", "-n", "auto", *TESTS]
    if name in INSTANTS:
        instant = INSTANTS[name]
        command, environment = [*instant.command(), *tests], os.environ | instant.environment()
    else:
        seed = name.partition(":")[2]
        seeds = [f"--{plugin}-seed={seed}" for plugin in ("randomly", "hypothesis")]
        command, environment = [*tests, "-p", "randomly", *seeds], dict(os.environ)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
