"""The reference that recipes write: it passes the checks of the service, and its counts are those of held-out rows."""

import numpy as np
import pytest

from models.group_figures import group_references
from models.iit.dataset import ROLES, Table, draw_visits
from models.reference import DatedRows, HeldOutRows, feature_references, make_reference
from models.wobble import mean_wobble, missing_wobble
from tests.support.fakes.packages import LinearEngine, contract
from vigil.monitoring.profiles.model import SCORE_EDGES
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.packages.reference_file import check_reference, parse_reference, reference_bytes
from vigil.prediction.packages.reference_model import MAX_BINS, MIN_CELL

GROUPS = (
    GroupAttribute("region", ("east", "west", "rare")),
    GroupAttribute("age_band", ("young", "old"), source="age", cuts=(50.0,)),
)
GROUPED = contract(groups=GROUPS)
DAYS = np.arange(2_800) % 280


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def held_out(rng):
    """Return 1,200 rows of which 3 have no age, 4 are the only ones without a phone, and 5 are of a rare region."""
    rows = np.column_stack([rng.uniform(0, 120, 1200), *(rng.integers(0, n, 1200) for n in (11, 2, 1))]).astype(float)
    rows[:3, 0] = np.nan
    rows[:, 3] = 1.0
    rows[:4, 3] = 0.0
    labels = (rng.random(1200) < 0.3).astype(np.int64)
    regions = ["rare"] * 5 + ["east", "west"] * 597 + ["east"]
    return HeldOutRows(rows, labels, {"region": regions}, np.arange(1200) % 400)


@pytest.fixture
def found(held_out):
    runner = EnsembleRunner(GROUPED, {"model": LinearEngine([0.01, 0.3, -0.2, 0.1], -2.0)})
    return make_reference(runner, DatedRows(held_out.rows), held_out)


def test_a_reference_of_a_recipe_is_accepted_and_keeps_its_bytes(trained):
    content = reference_bytes(trained.reference)
    assert parse_reference(content, trained.contract) == trained.reference
    assert len(content) <= 64_000


def test_the_reference_of_iit_is_small_and_has_its_roles_and_period(iit):
    assert len(reference_bytes(iit.reference)) <= 16_000
    assert {each.name: each.role for each in iit.reference.features if each.role != "input"} == ROLES
    assert iit.reference.start < "2023-01-01" < iit.reference.end
    assert {(group.attribute, group.value) for group in iit.reference.groups} >= {("sex", "female"), ("sex", "male")}
    assert [group.name for group in iit.contract.groups] == ["sex", "age_band", "region"]


def test_iit_and_netsec_are_calibrated_in_their_reference(iit, netsec):
    for model in (iit, netsec):
        scores = model.reference.scores
        assert set(scores.edges) <= set(SCORE_EDGES)
        gaps = [abs(events - expected) for events, expected in zip(scores.events, scores.expected, strict=True)]
        assert sum(gaps) / sum(scores.rows) < 0.05


def test_small_cells_are_counted_in_the_largest_one(found):
    age, _, _, phone = found.features
    assert (age.missing, sum(age.counts)) == (0, 1200)
    assert phone.counts == (0, 1200)


def test_bins_have_enough_held_out_rows(found, held_out):
    age, visits, *_ = found.features
    assert len(age.counts) == MAX_BINS
    for feature, column in ((age, held_out.rows[3:, 0]), (visits, held_out.rows[:, 1])):
        bins = np.bincount(np.searchsorted(feature.edges, column, side="right"))
        assert min(feature.counts) >= MIN_CELL
        assert np.abs(bins - feature.counts).sum() <= 3


def test_bins_of_few_held_out_rows_are_merged(rng):
    trained = rng.uniform(0, 100, (1_000, 1))
    held_out = np.concatenate([np.full((200, 1), 5.0), np.full((5, 1), 95.0)])
    (age,) = feature_references(contract().features[:1], DatedRows(trained), held_out, {})
    assert (len(age.edges), age.counts) == (0, (205,))


def test_a_group_of_few_rows_is_omitted_with_a_second_one(found, held_out):
    """Without the second omission, the figures of the rare region would be those of all minus the others."""
    assert {group.value for group in found.groups if group.attribute == "region"} < {"east", "west"}
    assert {group.value for group in found.groups if group.attribute == "age_band"} <= {"young", "old"}
    check_reference(found, GROUPED)
    for group in found.groups:
        mask = np.array(held_out.groups["region"]) == group.value
        if group.attribute == "region":
            assert (group.rows, group.true_positives + group.false_negatives) == (
                mask.sum(),
                held_out.labels[mask].sum(),
            )


@pytest.mark.parametrize("seed", range(20))
def test_references_of_few_skewed_rows_pass_every_check(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(MIN_CELL, 400))
    skewed = rng.integers(0, 11, count) ** 3 // 150
    columns = rng.gamma(0.3, 40, count).clip(0, 120), skewed, rng.random(count) < 0.03, rng.random(count) < 0.9
    rows = np.column_stack(columns).astype(np.float64)
    rows[rng.random((count, 4)) < rng.random(4) / 5] = np.nan
    labels = (rng.random(count) < rng.random()).astype(np.int64)
    regions = rng.choice(["east", "west", "rare", "not given"], count, p=[0.5, 0.4, 0.05, 0.05]).tolist()
    runner = EnsembleRunner(GROUPED, {"model": LinearEngine([0.02, 0.3, -0.2, 0.1], -1.0)})
    held_out = HeldOutRows(rows, labels, {"region": regions})
    check_reference(make_reference(runner, DatedRows(rows[::2]), held_out), GROUPED)


def test_derived_values_follow_the_cuts(held_out):
    bands = ["high", "low"] * 600
    groups = group_references(contract(groups=GROUPS[1:]), held_out.rows[3:], held_out.labels[3:], {}, bands[3:])
    ages = held_out.rows[3:, 0]
    assert {group.value: group.rows for group in groups} == {"young": (ages < 50).sum(), "old": (ages >= 50).sum()}


def test_a_model_without_enough_events_has_no_table_of_calibration(held_out):
    labels = np.zeros_like(held_out.labels)
    labels[:10] = 1
    runner = EnsembleRunner(contract(), {"model": LinearEngine([0.0] * 4, -2.0)})
    found = make_reference(runner, DatedRows(held_out.rows), HeldOutRows(held_out.rows, labels))
    assert found.scores.rows == ()
    check_reference(found, contract())


def test_wobble_of_independent_rows_is_almost_zero(rng):
    assert mean_wobble(rng.integers(0, 10, 2_800), DAYS, 10, is_ordered=True) < 0.06
    assert missing_wobble(rng.random(2_800) < 0.2, DAYS) < 0.15


def test_wobble_of_planted_periods_is_measured(rng):
    months = rng.normal(0, 0.3, 10)
    values = rng.normal(months[DAYS // 28], 1)
    cells = np.searchsorted(np.quantile(values, np.arange(1, 10) / 10), values)
    assert mean_wobble(cells, DAYS, 10, is_ordered=True) == pytest.approx(months.std(ddof=1), abs=0.08)
    odds = rng.normal(-1, 0.5, 10)
    missing = rng.random(2_800) < 1 / (1 + np.exp(-odds[DAYS // 28]))
    assert missing_wobble(missing, DAYS) == pytest.approx(odds.std(ddof=1), abs=0.15)


def test_wobble_ignores_rows_older_than_two_years(rng):
    old = np.concatenate([DAYS, DAYS + 2_000])
    shifted = np.concatenate([rng.integers(0, 3, 2_800), rng.integers(0, 10, 2_800)])
    assert mean_wobble(shifted, old, 10, is_ordered=True) < 0.06


def test_rows_without_dates_have_no_wobble_and_no_period(held_out):
    features = feature_references(contract().features, DatedRows(held_out.rows), held_out.rows, {})
    assert {(each.mean_wobble, each.missing_wobble) for each in features} == {(0.0, 0.0)}
    assert HeldOutRows(held_out.rows, held_out.labels).period == (None, None)
    assert held_out.period == ("1970-01-01", "1971-02-04")


def test_drawn_visits_have_the_event_rate_of_all_visits():
    """Every last visit is an event, as an interruption is."""
    visits = np.random.default_rng(3).integers(1, 9, 4_000)
    patients = np.repeat(np.arange(4_000), visits)
    labels = np.append(patients[1:] != patients[:-1], True).astype(np.int64)
    empty = np.zeros(len(labels))
    drawn = draw_visits(Table(empty[:, None], labels, patients, patients, empty), np.random.default_rng(4))
    assert len(np.unique(drawn.patients)) == len(drawn) > 2_000
    assert drawn.labels.mean() == pytest.approx(labels.mean(), abs=0.03)
