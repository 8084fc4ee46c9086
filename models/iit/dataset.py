"""Index contacts as rows: features as of the contact, label as of a later extract, in splits that share no patient.

Training and calibration use outcomes that were resolved by the cutoff. The test set is other patients after the cutoff.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

import numpy as np

from models.assembly import Sample
from models.iit.label import GRACE_DAYS, SETTLE_DAYS, Contact, Outcome, outcome
from models.iit.people import Bools, Floats, Ints
from models.iit.presets import LAST_DAY, LONGEST_SUPPLY
from models.iit.records import history, recorded_exit, simulated_date, simulated_time
from models.iit.simulator import Cohort
from models.known import KnownOutcomes
from vigil.kernel.rows import FeatureValue
from vigil.prediction.features.contacts import expected_course, find_contacts
from vigil.prediction.features.model import PatientHistory
from vigil.prediction.features.service import ART_VISITS
from vigil.prediction.packages.reference_model import FeatureRole

FEATURES = ART_VISITS
CUTOFF_DAY = 1461
CUTOFF = simulated_time(CUTOFF_DAY)
"""End of training and start of testing: 2023-01-01."""
RESOLVED_DAY = CUTOFF_DAY - (LONGEST_SUPPLY + GRACE_DAYS + SETTLE_DAYS)
"""Day before which the labels of all contacts are resolved at the cutoff."""
EXTRACTED_AT = simulated_time(LAST_DAY)
MAX_ENTRY_DELAY = timedelta(days=7)
"""Maximum delay between a contact and its entry.

A contact that is entered later is no index contact, because a prediction then comes too late.
"""

WINDOW_DAYS = 180

ROLES: Mapping[str, FeatureRole] = {
    "appointment_month": "calendar",
    "appointment_weekday": "calendar",
    "visit_count": "trend",
    "months_on_art": "trend",
    "age_years": "trend",
    "has_phone": "process",
}
"""Roles of features for drift alarms; others are inputs. Patients in care grow older, so that age is a trend."""

Split: TypeAlias = Literal["train", "calibration", "test"]
_SHARES: tuple[tuple[Split, int], ...] = (("train", 40), ("calibration", 75), ("test", 100))


@dataclass(frozen=True, slots=True)
class IndexContact:
    """One prediction: a patient, the simulated visit of the contact, and the time at which the contact was entered."""

    patient: int
    row: int
    as_of: datetime
    outcome: Outcome

    @property
    def resolved(self) -> bool:
        """True if the contact has a label; died, transferred and unresolved contacts have none."""
        return self.outcome in {"interrupted", "retained"}

    @property
    def label(self) -> int:
        """1 for interrupted, 0 for retained."""
        return int(self.outcome == "interrupted")


@dataclass(frozen=True, slots=True)
class Table:
    """Encoded rows of one split. `probability` is the true one in the simulation; only the oracle reads it."""

    rows: Floats
    labels: Ints
    patients: Ints
    visit_rows: Ints
    probability: Floats

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sample(self) -> Sample:
        """Rows and labels only."""
        return Sample(self.rows, self.labels)

    def where(self, mask: Bools) -> "Table":
        """Return the rows for which the mask is true."""
        return Table(*(getattr(self, n)[mask] for n in self.__dataclass_fields__))

    def concat(self, *others: "Table") -> "Table":
        """Return these rows followed by the rows of the others."""
        tables = (self, *others)
        return Table(*(np.concatenate([getattr(t, n) for t in tables]) for n in self.__dataclass_fields__))

    def with_known(self, known: KnownOutcomes) -> "Table":
        """Return these rows followed by the rows with reported outcomes, which have no patient in the cohort (-1)."""
        nobody = np.full(len(known), -1)
        return Table(
            rows=np.concatenate([self.rows, known.rows]),
            labels=np.concatenate([self.labels, known.labels]),
            patients=np.concatenate([self.patients, nobody]),
            visit_rows=np.concatenate([self.visit_rows, nobody]),
            probability=np.concatenate([self.probability, np.full(len(known), np.nan)]),
        )


def split_calibration(cohort: Cohort, table: Table, seed: int) -> tuple[Table, Table]:
    """Split patients into tuning (a quarter) and certification, with at most one visit of each certification patient.

    The rows are then independent. The visit is drawn from a random time window, so that frequent visitors count as
    often as they are scored. One visit of every patient would give too much weight to patients who never returned.
    """
    rng = np.random.default_rng(seed)
    patients = rng.permutation(np.unique(table.patients))
    tuning = np.isin(table.patients, patients[: len(patients) // 4])
    rest = table.where(~tuning)
    day = cohort.visits.day[rest.visit_rows]
    since = rng.integers(day.min() - WINDOW_DAYS, day.max(), len(cohort.people))[rest.patients]
    inside = rest.where((day > since) & (day <= since + WINDOW_DAYS))
    shuffled = rng.permutation(len(inside))
    _, first = np.unique(inside.patients[shuffled], return_index=True)
    drawn = np.zeros(len(inside), bool)
    drawn[shuffled[first]] = True
    return table.where(tuning), inside.where(drawn)


def draw_visits(table: Table, rng: np.random.Generator) -> Table:
    """Return at most one visit of each patient, so that each visit has nearly the same chance.

    A patient with few visits is drawn less often. Otherwise, the last visit before an interruption would count too
    often, because no visit follows it. The chances differ only among patients with more visits than 90 % of the others.
    """
    _, first, place, visits = np.unique(table.patients, return_index=True, return_inverse=True, return_counts=True)
    slots = np.maximum(visits, round(float(np.quantile(visits, 0.9))))
    drawn = first + (rng.random(len(visits)) * slots).astype(np.int64)
    return table.where(np.arange(len(table)) == drawn[place])


def split_of(patient: int) -> Split:
    """Return the split of a patient: 40 % train, 35 % calibration, 25 % test."""
    bucket = patient * 2654435761 % 2**32 % 100  # Knuth's multiplicative hash, independent of the order of entry
    return next(split for split, below in _SHARES if bucket < below)


def index_contacts(cohort: Cohort, patient: int, record: PatientHistory, split: Split) -> Iterable[IndexContact]:
    """Yield the index contacts of a patient that belong to the split, with any outcome."""
    seen_until = EXTRACTED_AT if split == "test" else CUTOFF
    for index in contacts_until(cohort, patient, record, seen_until):
        if (index.as_of >= CUTOFF) == (split == "test"):
            yield index


def contacts_until(
    cohort: Cohort, patient: int, record: PatientHistory, seen_until: datetime
) -> Iterable[IndexContact]:
    """Yield the index contacts of a patient that an extract at `seen_until` shows, with any outcome.

    An interim contact is no index contact. The label follows the rule of the features: `find_contacts`.
    """
    known = record.known_at(seen_until)
    course = expected_course(find_contacts(known.visits, known.dispenses))
    exit_, row_on = recorded_exit(cohort, patient), _rows_by_day(cohort, patient)
    for i, contact in enumerate(course):
        as_of = contact.recorded_at
        if contact.on not in row_on or as_of.date() - contact.on > MAX_ENTRY_DELAY:
            continue
        later = [Contact(c.on, c.recorded_at) for c in course[i + 1 :]]
        result = outcome(contact.expected, later, exit_, seen_until)
        yield IndexContact(patient, row_on[contact.on], as_of, result)


def _rows_by_day(cohort: Cohort, patient: int) -> dict[date, int]:
    rows = range(cohort.starts[patient], cohort.starts[patient + 1])
    return {simulated_date(cohort.visits.day[row]): row for row in rows}


def encode(features: dict[str, FeatureValue]) -> list[float]:
    """Return features as the floats that the model receives, with the contract's own encoding."""
    return [spec.encode(features[spec.name]) for spec in FEATURES.specs]


def table(cohort: Cohort, split: Split, progress: Callable[[float], None]) -> Table:
    """Return the resolved index contacts of a split; died, transferred and unresolved contacts are left out."""
    rows, found = [], []
    patients = [p for p in range(len(cohort.people)) if split_of(p) == split]
    for n, patient in enumerate(patients):
        record = history(cohort, patient)
        for index in index_contacts(cohort, patient, record, split):
            if index.resolved:
                rows.append(encode(FEATURES.extract(record, index.as_of)))
                found.append(index)
        if n % 256 == 0:
            progress(n / len(patients))
    visit_rows = np.array([i.row for i in found], np.int64)
    return Table(
        rows=np.array(rows, np.float64),
        labels=np.array([i.label for i in found], np.int64),
        patients=np.array([i.patient for i in found], np.int64),
        visit_rows=visit_rows,
        probability=cohort.visits.probability[visit_rows],
    )
