"""Tests of the nightly sweep: the nights of its work, the versions that it leaves out, and sums of batch chunks."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from cli.monitoring.stores import MemoryFindings
from tests.support.fakes.clock import Clock
from tests.support.fakes.monitoring import FakeModels
from tests.support.fakes.nightly import FakeAlerts, FakeProgress
from tests.support.monitored_ledgers import MONITORED, REFERENCE
from tests.support.monitored_nights import quiet_days
from tests.support.monitored_worlds import FINDING
from vigil.errors import Unavailable
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.nightly.batch_service import BatchDays
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.service import MonitoringSweep, Reviews
from vigil.monitoring.profiles.documents_model import sum_profiles, to_bytes
from vigil.monitoring.report.monitored_model import MonitoredVersion

VERSION = MonitoredVersion(MONITORED, REFERENCE, profile_layout(MONITORED, REFERENCE))
SERVED = ServedVersion("toy", 1, "single", "2026-01-01", "2026-03-01")


class Reviewed:
    """Counting and reviews that only record their calls."""

    def __init__(self):
        self.calls = []

    def count_days(self, tenant_id, through):
        self.calls.append(("count", through))
        return 2

    def review(self, tenant_id, served, *rest):
        self.calls.append((self.name, served.version))
        return 1 if self.name == "drift" else served

    def report_metrics(self, tenant_id, wanted):
        self.calls.append(("metrics", wanted.version))

    def named(self, name):
        twin = Reviewed()
        twin.name, twin.calls = name, self.calls
        return twin


@dataclass
class Night:
    """A sweep whose reviews record their calls."""

    sweep: MonitoringSweep
    calls: list
    progress: FakeProgress
    findings: MemoryFindings
    alerts: FakeAlerts
    clock: Clock


@pytest.fixture
def night():
    reviewed, progress, findings, alerts = Reviewed(), FakeProgress(), MemoryFindings(), FakeAlerts()
    reviews = Reviews(*(reviewed.named(name) for name in ("labels", "drift", "fairness", "metrics")))
    models = FakeModels({("toy", 1): VERSION})
    clock = Clock()
    clock.now = datetime(2026, 3, 2, 1, tzinfo=UTC)
    sweep = MonitoringSweep(reviewed, reviews, models, progress, findings, alerts, clock)
    return Night(sweep, reviewed.calls, progress, findings, alerts, clock)


def test_a_sweep_is_due_an_hour_after_the_end_of_a_day(night):
    assert night.sweep.next_sweep("") == "2026-03-01"
    assert night.sweep.next_sweep("2026-02-20") == "2026-03-01"
    assert night.sweep.next_sweep("2026-03-01") is None
    night.clock.now = datetime(2026, 3, 2, 0, 59, tzinfo=UTC)
    assert night.sweep.next_sweep("2026-02-28") is None


def test_days_are_counted_before_versions_are_reviewed(night):
    night.progress.put_served("acme", SERVED)
    counts = night.sweep.process_tenant("acme", "2026-03-01")
    assert counts == {"profiles": 2, "findings": 1, "refused": 0}
    assert [name for name, _ in night.calls] == ["count", "labels", "fairness", "drift", "metrics"]


def test_a_version_that_rests_has_only_its_labels_reviewed(night):
    night.progress.put_served("acme", replace(SERVED, last_day="2026-01-20"))
    night.sweep.process_tenant("acme", "2026-03-01")
    assert "labels" in dict(night.calls)
    assert "drift" not in dict(night.calls)


def test_a_version_without_its_package_does_not_stop_the_others(night):
    night.progress.put_served("acme", replace(SERVED, version=7))
    night.progress.put_served("acme", SERVED)
    counts = night.sweep.process_tenant("acme", "2026-03-01")
    assert (counts["refused"], counts["findings"]) == (1, 1)


def test_each_finding_of_a_served_model_is_told(night):
    night.progress.put_served("acme", SERVED)
    night.findings.add("acme", "toy", FINDING)
    night.findings.add("acme", "other", FINDING)
    night.sweep.process_tenant("acme", "2026-03-01")
    assert [record.model for record in night.alerts.told] == ["toy"]


def test_an_alert_that_fails_fails_the_tenant(night):
    night.progress.put_served("acme", SERVED)
    night.findings.add("acme", "toy", FINDING)

    def fail(*_):
        raise Unavailable("The event bus did not answer.")

    night.alerts.tell = fail
    with pytest.raises(Unavailable):
        night.sweep.process_tenant("acme", "2026-03-01")


@dataclass(frozen=True)
class Chunk:
    """A scored chunk."""

    model: str
    version: int
    day: str
    profile: bytes


class Chunks:
    """Scored chunks by day."""

    def __init__(self, *chunks):
        self._chunks = chunks

    def between(self, tenant_id, start, end):
        return (chunk for chunk in self._chunks if start <= chunk.day < end)


def test_the_chunks_of_a_day_are_summed_by_version():
    first, second = (replace(profile, day="2026-03-01", source="batch") for profile in quiet_days()[:2])
    chunks = Chunks(
        Chunk("toy", 1, "2026-03-01", to_bytes(first)),
        Chunk("toy", 1, "2026-03-01", to_bytes(second)),
        Chunk("toy", 2, "2026-03-01", to_bytes(first)),
        Chunk("toy", 1, "2026-03-02", to_bytes(first)),
    )
    found = list(BatchDays(chunks).profiles("acme", "2026-03-01"))
    assert found == [("toy", 1, sum_profiles([first, second])), ("toy", 2, first)]
