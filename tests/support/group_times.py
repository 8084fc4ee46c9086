"""The time of each folder of tests, printed where pytest is given `--durations`."""

import resource
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

FOLDERS = 2
"""Number of folders in the name of a row: `unit/money`, `functions`."""


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its finished children."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def row(nodeid: str) -> str:
    """Return the folder that counts the time of a test."""
    folder = Path(nodeid.partition("::")[0]).relative_to("tests").parent
    return "/".join(folder.parts[:FOLDERS])


class GroupTimes:
    """Measures each phase of each test where it runs, and adds the reports of all processes."""

    def __init__(self) -> None:
        self._before = cpu_seconds()
        self._tests: dict[str, set[str]] = defaultdict(set)
        self._wall: dict[str, float] = defaultdict(float)
        self._cpu: dict[str, float] = defaultdict(float)

    def pytest_collection_finish(self) -> None:
        """Start the clock after the collection."""
        self._before = cpu_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        """Write the CPU time since the last report into this one; xdist sends it along."""
        report = yield
        now = cpu_seconds()
        report.cpu_seconds, self._before = now - self._before, now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a report to its folder."""
        folder = row(report.nodeid)
        self._tests[folder].add(report.nodeid)
        self._wall[folder] += report.duration
        self._cpu[folder] += report.cpu_seconds

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a row per folder, the most CPU time first."""
        terminalreporter.section("time per folder, summed over processes")
        terminalreporter.write_line(f"{'folder':32}{'cases':>8}{'CPU s':>10}{'wall s':>10}")
        for folder in sorted(self._cpu, key=self._cpu.__getitem__, reverse=True):
            cases, cpu, wall = len(self._tests[folder]), self._cpu[folder], self._wall[folder]
            terminalreporter.write_line(f"{folder:32}{cases:8}{cpu:10.1f}{wall:10.1f}")
