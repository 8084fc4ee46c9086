"""Due rows of batches: read from join files, joined to outcomes, and sampled above 10,000 rows of a week."""

import math
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.support.fakes.scoring import CONTRACT
from vigil.decisions.batches.chunks_model import ScoredChunk
from vigil.decisions.batches.join_model import JoinFile
from vigil.monitoring.nightly.batch_due_service import BatchDueDecisions
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, due_week
from vigil.monitoring.profiles import counting_model
from vigil.prediction.engines.contract import Label
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.trials.evidence_model import DecisionLabel

AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = AS_OF + timedelta(days=120)
LABEL = Label("trouble", "", 1, due_feature="visits", grace_days=7)
CONTRACT_OF_ROWS = replace(
    CONTRACT,
    label=LABEL,
    groups=(
        GroupAttribute("sex", ("female", "male")),
        GroupAttribute("often", ("no", "yes"), source="visits", cuts=(20.0,)),
    ),
)


def file_of(visits, first_row=1, **changed):
    rows = len(visits)
    file = JoinFile(
        model="toy", version=1, label=LABEL, bands=("low", "high"), flagged=("high",), as_of=AS_OF.isoformat(),
        first_row=first_row, probabilities=array("f", [0.25] * rows), band_codes=bytes([1] * rows),
        subject_ids=("p",) * rows, features={"visits": array("d", visits)},
        group_values={"sex": ("female", "male")}, group_codes={"sex": bytes([2] * rows)},
    )  # fmt: skip
    return replace(file, **changed)


class World:
    """Chunks with their join files, labels of rows, and states of batches."""

    def __init__(self, *files, batch="bat_1"):
        self.files = {f"{batch}/{place}": file for place, file in enumerate(files)}
        self.reported, self.cancelled, self.reads = {}, set(), 0

    def between(self, tenant_id, start, end):
        assert start < AS_OF.date().isoformat() < end
        for key, file in self.files.items():
            batch, last = key.partition("/")[0], file.first_row + len(file.band_codes) - 1
            place = (batch, file.model, file.version, file.first_row, last)
            yield ScoredChunk(*place, AS_OF.isoformat(), key, b"", file.due_weeks())

    def open(self, tenant_id, chunk):
        self.reads += 1
        return self.files[chunk.join_key]

    def labels(self, keys):
        assert len(keys) <= 100
        return {key: self.reported[key] for key in keys if key in self.reported}

    def version(self, model, version):
        return SimpleNamespace(contract=CONTRACT_OF_ROWS)

    def is_completed(self, tenant_id, batch_id):
        return batch_id not in self.cancelled

    @property
    def due(self):
        return BatchDueDecisions(self, self, self, self, self.is_completed, lambda: NOW)

    def due_in(self, *weeks, version=1):
        return list(self.due.due_in("acme", "toy", version, weeks))


def week_after(days):
    return due_week(AS_OF + timedelta(days=days + 7))


def test_a_row_is_due_in_the_week_of_its_label():
    world = World(file_of([0.0, 30.0]), file_of([30.0, math.nan], first_row=3))
    assert set(world.due.weeks("acme", "toy", 1)) == {week_after(0), week_after(30)}
    world.reported["acme#bat_1.3"] = DecisionLabel(True, True)
    found = world.due_in(week_after(30))
    as_of = AS_OF + timedelta(days=37)
    base = DueDecision(0.25, False, as_of, "overdue", groups=("sex=male", "often=yes"))
    assert found == [base, replace(base, label="occurred", treated=True)]
    assert Cohort.of(week_after(30), found, NOW).untreated.total.rows == 1
    assert world.due_in(week_after(0))[0].groups == ("sex=male", "often=no")
    assert world.due_in(week_after(99)) == world.due_in(week_after(30), version=2) == []


@pytest.mark.parametrize(("occurred", "label"), [(True, "occurred"), (False, "not_occurred"), (None, "excluded")])
def test_an_outcome_of_a_row_is_its_label(occurred, label):
    world = World(file_of([0.0]))
    world.reported["acme#bat_1.1"] = DecisionLabel(occurred, False)
    assert [each.label for each in world.due_in(week_after(0))] == [label]


def test_unanswered_erased_and_cancelled_rows_are_left_out():
    codes = file_of([0.0] * 3, band_codes=bytes([0, 2, 1]))
    world = World(codes.without({2}, "2026-03-03T00:00:00Z"))
    assert [each.flagged for each in world.due_in(week_after(0))] == [True]
    world.cancelled.add("bat_1")
    assert world.due_in(week_after(0)) == []


def test_only_join_files_of_the_wanted_weeks_are_read():
    world = World(file_of([0.0]), file_of([30.0], first_row=2), file_of([50.0], first_row=3))
    world.due_in(week_after(30))
    assert world.reads == 1


def test_a_large_week_is_sampled_by_the_ids_of_its_rows(monkeypatch):
    monkeypatch.setattr(counting_model, "MAX_COUNTED", 100)
    world = World(*(file_of([0.0] * 100, first_row=1 + 100 * place) for place in range(10)))
    found = world.due_in(week_after(0))
    assert 60 < len(found) < 150
    assert world.due_in(week_after(0)) == found
