"""Tests of the nightly sweep: the nights of its work, the versions that it leaves out, and sums of batch chunks."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from cli.monitoring.stores import MemoryFindings, MemoryProgress
from tests.support.fakes.clock import Clock
from tests.support.fakes.monitoring import FakeModels
from tests.support.fakes.nightly import FakeAlerts
from tests.support.monitored_ledgers import MONITORED, REFERENCE
from tests.support.monitored_nights import quiet_days
from tests.support.monitored_worlds import FINDING
from vigil.errors import DamagedData, Unavailable
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.nightly.batch_service import BatchDays
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.service import MonitoringSweep, Reviews
from vigil.monitoring.profiles.documents_model import to_bytes
from vigil.monitoring.report.monitored_model import MonitoredVersion

VERSION = MonitoredVersion(MONITORED, REFERENCE, profile_layout(MONITORED, REFERENCE))
SERVED = ServedVersion("toy", 1, "single", "2026-01-01", "2026-03-01")


class Reviewed:
    """Counting and reviews that record their calls; `failures` has the errors of versions."""

    def __init__(self):
        self.calls, self.failures = [], {}

    def count_days(self, tenant_id, through):
        self.calls.append(("count", through))
        return 2

    def review(self, tenant_id, served, *rest):
        self.calls.append((self.name, served.version))
        if error := self.failures.get(served.version):
            raise error
        return 1 if self.name == "drift" else served

    def report_metrics(self, tenant_id, wanted):
        self.calls.append(("metrics", wanted.version))

    def named(self, name):
        twin = Reviewed()
        twin.name, twin.calls, twin.failures = name, self.calls, self.failures
        return twin


@dataclass
class Night:
    """A sweep whose reviews record their calls."""

    sweep: MonitoringSweep
    calls: list
    failures: dict
    models: FakeModels
    progress: MemoryProgress
    findings: MemoryFindings
    alerts: FakeAlerts
    clock: Clock


@pytest.fixture
def night():
    reviewed, progress, findings, alerts = Reviewed(), MemoryProgress(), MemoryFindings(), FakeAlerts()
    reviews = Reviews(*(reviewed.named(name) for name in ("labels", "drift", "fairness", "trials", "metrics")))
    models = FakeModels({("toy", 1): VERSION})
    clock = Clock()
    clock.now = datetime(2026, 3, 2, 1, tzinfo=UTC)
    sweep = MonitoringSweep(reviewed, reviews, models, progress, findings, alerts, clock)
    return Night(sweep, reviewed.calls, reviewed.failures, models, progress, findings, alerts, clock)


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
    assert [name for name, _ in night.calls] == ["count", "labels", "trials", "fairness", "drift", "metrics"]


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


@pytest.mark.parametrize("error", [ValueError("another layout"), Unavailable("no answer")])
def test_a_version_that_fails_stops_neither_others_nor_alerts(night, error):
    for version in (7, 1):
        night.progress.put_served("acme", replace(SERVED, version=version))
    night.models.versions["toy", 7] = VERSION
    night.failures[7] = error
    night.findings.add("acme", "toy", FINDING)
    with pytest.raises(type(error), match=str(error)):
        night.sweep.process_tenant("acme", "2026-03-01")
    assert ("drift", 1) in night.calls
    assert [record.model for record in night.alerts.published] == ["toy"]


def test_damaged_items_are_named_with_the_first_other_error(night):
    for version in (7, 8, 1):
        night.progress.put_served("acme", replace(SERVED, version=version))
        night.models.versions["toy", version] = VERSION
    other = Unavailable("no answer")
    night.failures |= {7: DamagedData("one item is damaged", ("DAY#7",)), 8: other}
    with pytest.raises(DamagedData) as refused:
        night.sweep.process_tenant("acme", "2026-03-01")
    assert (refused.value.items, refused.value.__cause__) == (("DAY#7",), other)


def test_each_finding_of_a_served_model_is_published(night):
    night.progress.put_served("acme", SERVED)
    night.findings.add("acme", "toy", FINDING)
    night.findings.add("acme", "other", FINDING)
    night.sweep.process_tenant("acme", "2026-03-01")
    assert [record.model for record in night.alerts.published] == ["toy"]


def test_an_alert_that_fails_fails_the_tenant(night):
    night.progress.put_served("acme", SERVED)
    night.findings.add("acme", "toy", FINDING)

    def fail(*_):
        raise Unavailable("The event bus did not answer.")

    night.alerts.publish = fail
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


def test_the_chunks_of_a_day_are_listed_by_version():
    first, second = (replace(profile, day="2026-03-01", source="batch") for profile in quiet_days()[:2])
    chunks = Chunks(
        Chunk("toy", 1, "2026-03-01", to_bytes(first)),
        Chunk("toy", 1, "2026-03-01", to_bytes(second)),
        Chunk("toy", 2, "2026-03-01", to_bytes(first)),
        Chunk("toy", 1, "2026-03-02", to_bytes(first)),
    )
    found = list(BatchDays(chunks).parts("acme", "2026-03-01"))
    assert found == [("toy", 1, [to_bytes(first), to_bytes(second)]), ("toy", 2, [to_bytes(first)])]
