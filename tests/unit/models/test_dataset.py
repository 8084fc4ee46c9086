"""Tests of the splits of the cohort: disjoint patients, ordered times, and labels as of the extract."""

from datetime import timedelta

import numpy as np
import pytest

from models.iit.dataset import CUTOFF, EXTRACTED_AT, FEATURES, MAX_ENTRY_DELAY, encode, index_contacts, split_of, table
from models.iit.groups import audit_groups
from models.iit.label import Contact, outcome
from models.iit.records import history, recorded_at, recorded_exit
from vigil.prediction.features.contacts import expected_course, find_contacts

SPLITS = ("train", "calibration", "test")


@pytest.fixture(scope="module")
def tables(cohort):
    return {split: table(cohort, split, lambda _done: None) for split in SPLITS}


def test_no_patient_is_in_two_splits(tables):
    for split in SPLITS:
        assert {split_of(int(p)) for p in tables[split].patients} == {split}
    assert not set(tables["train"].patients) & set(tables["test"].patients)


def test_splits_have_their_shares_of_patients():
    counted = [split_of(patient) for patient in range(10_000)]
    assert [counted.count(split) / 100 for split in SPLITS] == pytest.approx([40, 35, 25], abs=1.5)


def test_training_ends_before_testing_begins(cohort, tables):
    known = {split: [recorded_at(cohort, int(row)) for row in tables[split].visit_rows] for split in SPLITS}
    assert max(known["train"] + known["calibration"]) < CUTOFF <= min(known["test"])


def course(record):
    return expected_course(find_contacts(record.visits, record.dispenses))


def later(contacts):
    return [Contact(contact.on, contact.recorded_at) for contact in contacts]


def test_a_training_label_uses_nothing_recorded_after_the_cutoff(cohort):
    """The label of a training contact is the one of an extract at the cutoff."""
    for patient in (p for p in range(200) if split_of(p) == "train"):
        record, known = history(cohort, patient), history(cohort, patient).known_at(CUTOFF)
        for index in index_contacts(cohort, patient, record, "train"):
            contacts = course(known)
            at = next(i for i, contact in enumerate(contacts) if contact.recorded_at == index.as_of)
            if index.resolved:
                due = contacts[at].expected
                assert due + timedelta(days=28 + 45) <= CUTOFF.date()
                found = outcome(due, later(contacts[at + 1 :]), recorded_exit(cohort, patient), CUTOFF)
                assert found == index.outcome


def test_labels_are_the_same_in_a_later_extract(cohort):
    def outcomes(record, exit_, moment):
        contacts = course(record.known_at(moment))
        return {
            contact.on: outcome(contact.expected, later(contacts[i + 1 :]), exit_, moment)
            for i, contact in enumerate(contacts)
        }

    resolved = 0
    for patient in range(300):
        record, exit_ = history(cohort, patient), recorded_exit(cohort, patient)
        first, last = (outcomes(record, exit_, moment) for moment in (CUTOFF, EXTRACTED_AT))
        for on, found in first.items():
            assert found in {"unresolved", last[on]}
            resolved += found != "unresolved"
    assert resolved > 1000


def test_index_contacts_were_entered_within_a_week(cohort):
    for patient in range(100):
        record = history(cohort, patient)
        for index in index_contacts(cohort, patient, record, split_of(patient)):
            contact = course(record.known_at(index.as_of))[-1]
            assert index.as_of == contact.recorded_at
            assert index.as_of.date() <= contact.on + MAX_ENTRY_DELAY


def test_rows_contain_the_served_features_in_schema_order(cohort, tables):
    test = tables["test"]
    patient, row = int(test.patients[0]), int(test.visit_rows[0])
    served = FEATURES.extract(history(cohort, patient), recorded_at(cohort, row))
    assert np.array_equal(test.rows[0], encode(served), equal_nan=True)
    assert test.rows.shape[1] == len(FEATURES.specs)


def test_died_and_transferred_patients_have_no_rows(cohort, tables):
    kinds = {
        index.outcome
        for patient in range(len(cohort.people))
        for index in index_contacts(cohort, patient, history(cohort, patient), split_of(patient))
    }
    assert kinds == {"interrupted", "retained", "died", "transferred", "unresolved"}
    assert set(tables["test"].labels) == {0, 1}


def test_every_row_is_in_one_group_of_each_kind(cohort, tables):
    masks = audit_groups(cohort, tables["test"])
    for prefix in ("age", "region"):
        assert (sum(mask.astype(int) for name, mask in masks.items() if name.startswith(prefix)) == 1).all()
    assert (masks["male"] ^ masks["female"]).all()
