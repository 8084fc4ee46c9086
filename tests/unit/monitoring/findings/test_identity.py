"""Identity of findings: what is the same finding, and what is another one."""

from dataclasses import replace

import pytest

from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.model import BUDGET_SHARES, Effect, Finding

TENANT = "acme"
FINDING = Finding(
    version=3,
    source="single",
    family="covariates",
    kind="population",
    subjects=("age_years", "sex"),
    day="2026-11-21",
    since="2026-11-15",
    effect=Effect("mean_shift_sd", 0.4),
    e_value=2_000.0,
    recommendation="watch",
    text="Two features moved.",
)


def test_a_day_that_is_judged_again_has_the_same_finding():
    again = replace(
        FINDING, effect=Effect("mean_shift_sd", 0.41), e_value=2_100.0, since="2026-11-16", text="Other words."
    )
    assert finding_id(TENANT, "iit", again) == finding_id(TENANT, "iit", FINDING)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 4},
        {"source": "batch"},
        {"family": "labels"},
        {"kind": "feed"},
        {"day": "2026-11-22"},
        {"subjects": ("sex",)},
    ],
)
def test_another_subject_or_day_is_another_finding(change):
    assert finding_id(TENANT, "iit", replace(FINDING, **change)) != finding_id(TENANT, "iit", FINDING)


def test_findings_of_two_tenants_have_different_ids():
    assert finding_id("other", "iit", FINDING) != finding_id(TENANT, "iit", FINDING)


def test_another_model_is_another_finding():
    assert finding_id(TENANT, "wdbc", FINDING) != finding_id(TENANT, "iit", FINDING)


def test_the_families_share_one_budget():
    assert sum(BUDGET_SHARES.values()) == pytest.approx(1)
