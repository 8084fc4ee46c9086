"""The clock of the worker's phases, and the rows that the worker is measured with."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import batch_phases
from benchmarks.batch_phases import FACTORIES, OTHER, PHASES, PhaseClock
from benchmarks.batch_worker import rows_of_file
from benchmarks.model_cases import ModelCase
from tests.support.fakes.scoring import CONTRACT


@pytest.fixture
def ticking(monkeypatch):
    """Return a clock with virtual seconds: `work(n)` takes n of them."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(batch_phases.time, "thread_time", lambda: clock.now)
    clock.work = lambda seconds: setattr(clock, "now", clock.now + seconds)
    return clock


def test_a_phase_does_not_count_the_phase_inside_it(ticking):
    clock = PhaseClock()
    inner = clock.around("inner", lambda: ticking.work(2.0))
    outer = clock.around("outer", lambda: [ticking.work(1.0), inner(), ticking.work(4.0)])
    assert clock.run(lambda: [outer(), ticking.work(8.0)]) == {"inner": 2.0, "outer": 5.0, OTHER: 8.0}


def test_the_items_of_an_iterator_count_for_its_phase(ticking):
    clock = PhaseClock()
    items = clock.around("items", lambda: (ticking.work(1.0) for _ in range(3)))
    assert clock.run(lambda: [ticking.work(10.0) for _ in items()]) == {"items": 3.0, OTHER: 30.0}


@pytest.mark.parametrize("path", [*PHASES, *FACTORIES])
def test_each_phase_names_an_existing_function(path):
    owner, _, name = path.rpartition(".")
    assert callable(getattr(batch_phases.resolve_name(owner), name))


def test_rows_of_a_file_have_the_values_of_the_schema():
    case = ModelCase("toy", CONTRACT, Path(), b"", "", [(40.25, 3.0, 1.0, 1.0), (7.0, float("nan"), 0.0, 0.0)])
    rows = rows_of_file(case, "csv", 2).decode().splitlines()
    assert list(csv.reader(rows)) == [["P-0", "40.25", "3", "True", "II"], ["P-1", "7.0", "", "False", "I"]]
    (first, _) = rows_of_file(case, "ndjson", 2).decode().splitlines()
    features = {"age": 40.25, "visits": 3, "urban": True, "stage": "II"}
    assert json.loads(first) == {"subject_id": "P-0", "features": features}
