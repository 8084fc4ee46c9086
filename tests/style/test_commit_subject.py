"""The commit hook accepts 'area: verb object' and names the remedy for everything else."""

import pytest

from tests.style.commit_subject import fault


@pytest.mark.parametrize(
    "subject",
    ["batches: reject files with two headers", "kernel, web: move timestamps", "Merge branch 'money'", "ci: run mypy"],
)
def test_a_well_formed_subject_passes(subject):
    assert fault(subject) is None


@pytest.mark.parametrize(
    ("subject", "remedy"),
    [
        ("Nothing that nobody uses", "area: verb object"),
        ("batches: " + "x" * 80, "at most 72"),
        ("batches: the second header", "imperative"),
        ("batches: rejected files", "imperative"),
        ("batches reject files", "area: verb object"),
    ],
)
def test_a_malformed_subject_names_the_remedy(subject, remedy):
    assert remedy in fault(f"{subject}\n\nbody")
