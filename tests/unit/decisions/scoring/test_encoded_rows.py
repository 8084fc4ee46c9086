"""Encoded rows behave like a list of encoded subjects."""

import struct

import pytest

from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.model import EncodedSubject

SUBJECTS = [EncodedSubject(f"p-{n}", struct.pack("3d", n, n / 7, float("nan"))) for n in range(5)]


def test_joined_subjects_are_found_by_index_and_slice():
    rows = EncodedRows.join(SUBJECTS)
    assert (len(rows), list(rows), rows[-1], rows[1:3]) == (5, SUBJECTS, SUBJECTS[-1], SUBJECTS[1:3])
    with pytest.raises(IndexError):
        rows[5]


def test_joined_subjects_share_one_array():
    assert EncodedRows.join(SUBJECTS).vectors.tobytes() == b"".join(subject.vector for subject in SUBJECTS)
