"""`vigil monitor explain`: features that differ between two periods are ranked, and chance is called chance."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.monitoring import periods
from cli.monitoring.domain_classifier import PeriodRows, compare_periods
from cli.monitoring.periods import parse_period, sample_period
from tests.support.fakes.scoring import CONTRACT
from vigil.bootstrap import prediction, stores
from vigil.decisions.scoring.model import LedgerEntry
from vigil.errors import InvalidInput

BEFORE, AFTER = "2026-09-01..2026-09-10", "2026-10-01..2026-10-10"
ROWS_PER_DAY = 40


class MemoryLedger:
    """Decisions of one tenant; from October on, `visits` are ten more if `shift` is True."""

    def __init__(self, *, shift):
        self._shift = shift

    def entries(self, tenant_id, day):
        for number in range(ROWS_PER_DAY):
            yield LedgerEntry(f"{day}/{number}", CONTRACT.name, 3)
        yield LedgerEntry(f"{day}/other-version", CONTRACT.name, 2)

    def rows(self, tenant_id, decision_ids):
        for decision in decision_ids:
            day, _, number = decision.partition("/")
            chance = np.random.default_rng([int(day.replace("-", "")), int(number)])
            visits = int(chance.integers(0, 40)) + 10 * (self._shift and day >= "2026-10")
            inputs = {"age": float(chance.uniform(20, 80)), "visits": visits, "stage": "II"}
            yield SimpleNamespace(decision_id=decision, subject=f"person-{day}-{number}", inputs=json.dumps(inputs))


@pytest.fixture
def explain(monkeypatch):
    """Function that runs the command over a ledger and returns its exit code and its output."""

    def run(shift, *words):
        monkeypatch.setenv("VIGIL_STAGE", "local")
        monkeypatch.setattr(stores, "ledger", lambda: MemoryLedger(shift=shift))
        archive = SimpleNamespace(archived=lambda _name, _version: SimpleNamespace(contract=CONTRACT))
        monkeypatch.setattr(prediction, "registry", lambda: archive)
        options = ("--model", CONTRACT.name, "--version", "3", "--tenant", "acme", *words)
        found = CliRunner().invoke(app, ["monitor", "explain", *options])
        return found.exit_code, found.output

    return run


def test_the_changed_feature_is_ranked_first(explain):
    code, shown = explain(True, "--before", BEFORE, "--after", AFTER)
    lines = shown.splitlines()
    assert code == 0
    assert lines[0].startswith("the periods differ: the area under the curve is 0.7")
    assert "visits:" in lines[1]
    assert "person-" not in shown


def test_equal_periods_have_no_visible_difference(explain):
    code, shown = explain(False, "--before", BEFORE, "--after", AFTER)
    assert code == 0
    assert shown.startswith("no visible difference: the area under the curve is 0.")
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    ("before", "remedy"),
    [
        ("2026-09-01", "two days in UTC of at most 92 days, such as 2026-10-01..2026-10-31"),
        ("2026-W36-1..20260930", "must be two days"),
        ("2026-09-30..2026-09-01", "has the wrong order or too many days"),
        ("2026-01-01..2026-09-01", "has the wrong order or too many days"),
        ("2026-09-01..2026-09-01", "--before: has too few subjects (at least 100: choose more days)"),
        (
            "2026-09-20..2026-10-01",
            "must begin after the last day of --before (a first day from 2026-10-02 on)",
        ),
        ("2026-10-01..2026-10-10", "--after: must begin after the last day of --before"),
        ("2026-11-01..2026-11-10", "--after: must begin after the last day of --before"),
    ],
)
def test_a_bad_period_is_refused_with_a_remedy(explain, before, remedy):
    code, shown = explain(True, "--before", before, "--after", AFTER)
    assert code == 1
    assert remedy in shown


def test_facts_of_persons_do_not_reveal_the_period():
    chance = np.random.default_rng(5)
    facts = chance.normal(size=(300, len(CONTRACT.features)))

    def visits_of(persons):
        places = np.repeat(persons, 4)
        return PeriodRows(facts[places], [str(place) for place in places])

    numbers = [spec for spec in CONTRACT.features if spec.type == "number"] * len(CONTRACT.features)
    found = compare_periods(numbers[: len(CONTRACT.features)], visits_of(range(150)), visits_of(range(150, 300)))
    assert not found.is_visible


def test_a_sample_is_the_same_and_has_each_person_once(monkeypatch):
    monkeypatch.setattr(periods, "MAX_SAMPLE", 120)
    period = parse_period("--before", BEFORE)
    first, second = (sample_period(MemoryLedger(shift=False), ["acme"], CONTRACT, 3, period) for _ in range(2))
    assert len(first.rows) == len(set(first.subjects)) == 120
    assert first.subjects == second.subjects


def test_the_order_of_a_ledger_does_not_change_the_sample():
    class RepeatedLedger(MemoryLedger):
        """Ledger in which each person has decisions on many days. The order of its answers can be reversed."""

        is_reversed = False

        def entries(self, tenant_id, day):
            return self._ordered(super().entries(tenant_id, day))

        def rows(self, tenant_id, decision_ids):
            return self._ordered(map(self._of_few_persons, super().rows(tenant_id, decision_ids)))

        def _of_few_persons(self, row):
            row.subject = f"person-{row.subject[-1]}"
            return row

        def _ordered(self, values):
            return list(values)[:: -1 if self.is_reversed else 1]

    ledger, period = RepeatedLedger(shift=False), parse_period("--before", BEFORE)
    first = sample_period(ledger, ["acme"], CONTRACT, 3, period)
    ledger.is_reversed = True
    second = sample_period(ledger, ["acme"], CONTRACT, 3, period)
    assert len(first.subjects) == 10
    assert second.subjects == first.subjects
    np.testing.assert_array_equal(second.rows, first.rows)


def test_a_period_with_too_many_decisions_is_refused(monkeypatch):
    monkeypatch.setattr(periods, "MAX_ENTRIES", 399)
    with pytest.raises(InvalidInput, match="too many"):
        sample_period(MemoryLedger(shift=False), ["acme"], CONTRACT, 3, parse_period("--before", BEFORE))


def test_a_period_is_not_read_beyond_its_limit_of_other_decisions(monkeypatch):
    class SharedLedger(MemoryLedger):
        """Ledger of another model; it counts the entries that are read."""

        read = 0

        def entries(self, tenant_id, day):
            for number in range(ROWS_PER_DAY):
                self.read += 1
                yield LedgerEntry(f"{day}/{number}", "other", 3)

    monkeypatch.setattr(periods, "MAX_READ", 100)
    ledger = SharedLedger(shift=False)
    with pytest.raises(InvalidInput, match=r"--before: has too many decisions of all models"):
        sample_period(ledger, ["acme", "other"], CONTRACT, 3, parse_period("--before", BEFORE))
    assert ledger.read == 101


@pytest.mark.parametrize("subjects", [1, 99])
def test_many_rows_of_few_subjects_are_refused(subjects):
    rows = np.zeros((300, len(CONTRACT.features)))
    few, enough = (PeriodRows(rows, [str(row % number) for row in range(300)]) for number in (subjects, 100))
    with pytest.raises(InvalidInput, match="--after: has too few subjects"):
        compare_periods(CONTRACT.features, enough, few)
