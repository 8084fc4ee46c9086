"""Simulated leads of simulated companies: a hidden fit and a hidden interest, and the traces that they leave.

Qualification is one Bernoulli draw; its log odds are fit + interest + timing + the company's own luck. The traces are
noisy and often missing, so that honest models stay well below the oracle.
"""

from dataclasses import dataclass

import numpy as np

from models.leads.schema import DEPARTMENTS, INDUSTRIES, REGIONS, SENIORITIES, SOURCES, SPECS
from models.training import Floats, Ints

LAST_DAY = 730
"""Number of simulated days from 2024-01-01; leads are scored on any of them."""
BASE = -2.35
_SOURCE_EFFECT = np.array([0.1, -0.1, 0.7, 0.25, 0.45, -0.8])
_INDUSTRY_EFFECT = np.array([0.35, 0.15, -0.1, 0.1, 0.2, -0.35, -0.2])
_SENIORITY_EFFECT = np.array([-0.7, -0.2, 0.15, 0.35, 0.25])


@dataclass(frozen=True, slots=True)
class Leads:
    """One row per lead.

    `probability` is the chance of the label given all latent values; it is only for the oracle.
    """

    rows: Floats
    labels: Ints
    companies: Ints
    days: Ints
    probability: Floats


@dataclass(frozen=True, slots=True)
class _Companies:
    industry: Ints
    region: Ints
    employees: Floats
    fit: Floats
    luck: Floats


def simulate(seed: int, count: int) -> Leads:
    """Return `count` leads, about three per company; the same seed gives the same leads."""
    rng = np.random.default_rng(seed)
    companies = _companies(rng, count // 3)
    company = rng.integers(count // 3, size=count)
    days = rng.integers(0, LAST_DAY, count)
    interest = rng.normal(0, 1, count)
    known = {**_company_facts(rng, companies, company), **_person_facts(rng, count, interest)}
    traces = _traces(rng, count, interest, known["source"])
    odds = (
        BASE
        + 0.7 * companies.fit[company]
        + companies.luck[company]
        + 1.0 * interest
        + _SOURCE_EFFECT[known["source"].astype(int)]
        + _INDUSTRY_EFFECT[companies.industry[company]]
        + _SENIORITY_EFFECT[known["seniority"].astype(int)]
        + 0.25 * (days % 365 > 270)
    )
    chance = 1 / (1 + np.exp(-odds))
    labels = (rng.random(count) < chance).astype(np.int64)
    rows = _with_gaps(rng, {**known, **traces})
    return Leads(rows, labels, company, days, chance)


def _companies(rng: np.random.Generator, count: int) -> _Companies:
    employees = np.round(np.exp(rng.normal(4.2, 1.6, count))).clip(1, 200_000)
    return _Companies(
        industry=rng.choice(len(INDUSTRIES), count, p=[0.2, 0.18, 0.15, 0.12, 0.12, 0.08, 0.15]),
        region=rng.choice(len(REGIONS), count, p=[0.3, 0.25, 0.15, 0.2, 0.1]),
        employees=employees,
        # The best size is a few hundred people; fit apart from size stays hidden.
        fit=0.6 * np.exp(-(((np.log(employees) - 5.7) / 1.4) ** 2)) + rng.normal(0, 0.7, count),
        luck=rng.normal(0, 0.4, count),
    )


def _company_facts(rng: np.random.Generator, companies: _Companies, company: Ints) -> dict[str, Floats]:
    employees = companies.employees[company]
    return {
        "industry": companies.industry[company].astype(np.float64),
        "region": companies.region[company].astype(np.float64),
        "employees": employees,
        "revenue_keur": np.round(employees * rng.lognormal(4.9, 0.7, len(company)), 1),
        "customers_nearby": rng.poisson(4 * np.exp(0.5 * companies.fit[company])).astype(np.float64),
    }


def _person_facts(rng: np.random.Generator, count: int, interest: Floats) -> dict[str, Floats]:
    keen = 1 / (1 + np.exp(-interest))
    return {
        "source": rng.choice(len(SOURCES), count, p=[0.25, 0.22, 0.1, 0.13, 0.1, 0.2]).astype(np.float64),
        "seniority": rng.choice(len(SENIORITIES), count, p=[0.08, 0.37, 0.3, 0.17, 0.08]).astype(np.float64),
        "department": rng.integers(len(DEPARTMENTS), size=count).astype(np.float64),
        "free_email": (rng.random(count) < 0.25 - 0.12 * keen).astype(np.float64),
        "phone_given": (rng.random(count) < 0.25 + 0.35 * keen).astype(np.float64),
        "budget_keur": np.asarray(np.round(np.exp(rng.normal(2.6 + 0.5 * interest, 1.0)), 1), np.float64),
    }


def _traces(rng: np.random.Generator, count: int, interest: Floats, source: Floats) -> dict[str, Floats]:
    """Return the traces of interest; habits vary more between people than interest does."""
    habit = rng.normal(0, 0.6, count)
    age = np.round(rng.exponential(110, count)).clip(0, 1500)
    cold = source == SOURCES.index("cold_list")
    pages = rng.poisson(np.exp(0.9 + 0.6 * interest + habit - 0.7 * cold))
    opened = rng.poisson(np.exp(0.5 + 0.45 * interest + 0.7 * habit))
    on_trial = rng.random(count) < 0.16 + 0.08 * (interest > 0.5)
    return {
        "age_days": age,
        "silent_days": np.minimum(age, np.round(rng.exponential(22 * np.exp(-0.6 * interest - 0.2 * habit)))),
        "page_views_30d": pages.astype(np.float64),
        "pricing_views_30d": rng.binomial(pages, 1 / (1 + np.exp(2.4 - 0.5 * interest))).astype(np.float64),
        "emails_opened_30d": opened.astype(np.float64),
        "emails_clicked_30d": rng.binomial(opened, 0.18 + 0.12 * (interest > 0)).astype(np.float64),
        "webinar_minutes_90d": np.round((rng.random(count) < 0.15) * rng.exponential(35 * np.exp(0.3 * interest))),
        "trial_days_30d": np.where(on_trial, 1.0 + rng.binomial(29, 0.12 + 0.1 * (interest > 0)), 0.0),
        "calls_answered_90d": rng.poisson(np.exp(-1.1 + 0.5 * interest)).astype(np.float64),
        "meetings_90d": rng.poisson(np.exp(-2.1 + 0.7 * interest)).astype(np.float64),
        "demo_requested": (rng.random(count) < 0.04 + 0.06 * (interest > 0.8)).astype(np.float64),
    }


_UNKNOWN = {
    "industry": 0.08,
    "employees": 0.25,
    "revenue_keur": 0.5,
    "customers_nearby": 0.05,
    "seniority": 0.2,
    "department": 0.2,
    "budget_keur": 0.75,
    "silent_days": 0.05,
    "page_views_30d": 0.12,
    "pricing_views_30d": 0.12,
    "emails_opened_30d": 0.15,
    "emails_clicked_30d": 0.15,
    "webinar_minutes_90d": 0.1,
    "trial_days_30d": 0.05,
}
"""Share of leads for which a fact is unknown; all other facts are always known."""


def _with_gaps(rng: np.random.Generator, columns: dict[str, Floats]) -> Floats:
    rows = np.column_stack([np.asarray(columns[spec.name], np.float64) for spec in SPECS])
    unknown = rng.random(rows.shape) < [_UNKNOWN.get(spec.name, 0.0) for spec in SPECS]
    return np.where(unknown, np.nan, rows)
