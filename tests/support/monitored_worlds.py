"""A tenant whose model has been monitored for some months: profiles, state of drift and cohorts in memory."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from cli.monitoring.stores import MemoryCohorts, MemoryFindings, MemoryProfiles, MemoryStates, MemoryTrials
from tests.support.fakes.monitoring import FakeModels
from tests.support.fakes.scoring import CONTRACT
from vigil.kernel.time import format_day
from vigil.monitoring.drift.layout_model import Layout
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, Label, due_week
from vigil.monitoring.profiles.counting_model import CountedDecision, FeatureCells, ProfileCounter
from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.monitoring.report.service import HealthReports, MonitoringStores
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.packages.reference_model import FeatureReference

TENANT, MODEL, VERSION = "acme", "toy", 3
FIRST_DAY, DAYS = date(2026, 9, 7), 91
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
NOW = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 3, tzinfo=UTC) + timedelta(days=1)
CONTRACT_WITH_GROUPS = replace(CONTRACT, groups=(GroupAttribute("sex", ("female", "male")),))
LAYOUT = Layout(
    features=(
        FeatureReference("age", "input", (20.0, 40.0, 60.0, 80.0), (100, 100, 100, 100, 100), 0),
        FeatureReference("visits", "input", (10.0, 20.0, 30.0, 40.0), (100, 100, 100, 100, 100), 20),
        FeatureReference("urban", "input", (), (250, 250), 0),
        FeatureReference("stage", "input", (), (160, 170, 170), 0),
    ),
    bands=("low", "high"),
    decisions=("wait", "call", "abstain"),
    abstention_reasons=("missing",),
    engines=("linear",),
)
FINDING = Finding(
    version=VERSION,
    source="single",
    family="covariates",
    kind="population",
    subjects=("visits",),
    day="2026-12-01",
    since="2026-11-25",
    effect=Effect("mean_shift_sd", 0.4187654, 0.361234, 0.482345),
    e_value=5210.123,
    recommendation="watch",
    text="visits is distributed differently than in the baseline.",
)


@dataclass
class MonitoredWorld:
    """Stores of one tenant with 60 decisions a day, and the service that reports about them."""

    findings: MemoryFindings = field(default_factory=MemoryFindings)
    profiles: MemoryProfiles = field(default_factory=MemoryProfiles)
    cohorts: MemoryCohorts = field(default_factory=MemoryCohorts)
    models: FakeModels = field(
        default_factory=lambda: FakeModels({(MODEL, VERSION): MonitoredVersion(CONTRACT_WITH_GROUPS, None, LAYOUT)})
    )
    trials: MemoryTrials = field(default_factory=MemoryTrials)
    states: MemoryStates = field(init=False)

    def __post_init__(self) -> None:
        self.states = MemoryStates(self.findings)

    @property
    def stores(self) -> MonitoringStores:
        """The stores that a report reads."""
        return MonitoringStores(self.profiles, self.states, self.cohorts, self.findings, self.trials)

    @property
    def reports(self) -> HealthReports:
        """The service on the morning after the last day."""
        return HealthReports(self.models, self.stores, lambda: NOW)

    def fill(self, seed: int = 1, rows: int = 60, shift_day: int = 1_000) -> "MonitoredWorld":
        """Store profiles, a settled state and cohorts. From `shift_day` on, visits are ten more."""
        chance = Random(seed)
        days = [count_day(chance, FIRST_DAY + timedelta(days=n), rows, is_shifted=n >= shift_day) for n in range(DAYS)]
        judge = DriftJudge(VERSION, "single", LAYOUT, DriftRules(settling_days=28, settling_rows=1_000))
        state, found = judge.rebuild(days)
        for profile in days:
            self.profiles.put(TENANT, MODEL, VERSION, profile)
        self.states.save(TENANT, MODEL, VERSION, "single", state, found)
        for week in range(6):
            cohort = due_cohort(chance, FIRST_DAY + timedelta(days=28 + 7 * week))
            self.cohorts.put(TENANT, MODEL, VERSION, "single", cohort)
        return self


def count_days(layout: Layout, days: int, last: date) -> list[Profile]:
    """Return the profiles of days with 60 random decisions each, the last day included."""
    chance = Random(1)
    return [count_day(chance, last - timedelta(days=n), 60, layout=layout) for n in reversed(range(days))]


def count_day(chance: Random, day: date, rows: int, *, is_shifted: bool = False, layout: Layout = LAYOUT) -> Profile:
    """Return the profile of a day with random decisions; shifted ones have ten more visits."""
    cells = tuple(FeatureCells(each.edges, len(each.counts)) for each in layout.features)
    counter = ProfileCounter(cells, ("sex",))
    for number in range(rows):
        probability, is_unsure = chance.betavariate(2, 3), chance.random() < 0.1
        band = "high" if probability >= 0.5 else "low"
        counter.add(
            CountedDecision(
                f"{day}-{number}",
                f"p-{number}",
                f"{day}T08:00:00.000000Z",
                (chance.uniform(0, 100), chance.uniform(0, 40) + 10 * is_shifted, chance.choice((0.0, 1.0)), 1.0),
                probability,
                band,
                "abstain" if is_unsure else {"high": "call", "low": "wait"}[band],
                band == "high",
                ("missing",) if is_unsure else (),
                groups={"sex": chance.choice(("female", "male"))},
            )
        )
    return counter.profile(format_day(day), "single", rows)


def due_cohort(chance: Random, monday: date) -> Cohort:
    """Return the cohort of a week with calibrated labels."""
    due = datetime(monday.year, monday.month, monday.day, 12, tzinfo=UTC)
    decisions = []
    for _ in range(250):
        probability = chance.betavariate(2, 3)
        label: Label = "occurred" if chance.random() < probability else "not_occurred"
        sex = chance.choice(("female", "male"))
        decisions.append(DueDecision(probability, probability >= 0.5, due, label, groups=(f"sex={sex}",)))
    return Cohort.of(due_week(due), decisions, NOW)
