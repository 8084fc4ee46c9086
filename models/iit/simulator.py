"""A simulated cohort on antiretroviral treatment: latent engagement, visits, interruptions, and delayed records.

Each patient has a latent engagement that follows an AR(1) process over visits. A visit books the next appointment.
Interruption is then one Bernoulli draw; its log odds are engagement + site + covariates. A return after an interruption
takes 29 days plus an exponential time with mean 60 days; a third of the patients never return.
"""

from dataclasses import dataclass, fields

import numpy as np

from models.iit.extracts import Extracts, draw_extracts
from models.iit.people import Bools, Floats, Ints, People, Sites, draw_people, draw_sites
from models.iit.presets import KENYA_LIKE, LAST_DAY, LONGEST_SUPPLY, PLANTED, REGIONS, Preset

NEVER = 1 << 20
"""Day number that stands for "never"."""
MAX_LAG_DAYS = 45
"""Maximum delay in days until a contact or an exit is entered; `label.SETTLE_DAYS` waits for it."""
EXITS = ("none", "died", "transferred", "silently_transferred")
_MAX_VISITS = 80


@dataclass(frozen=True, slots=True)
class Visits:
    """One row per visit, by patient and then day. Days count from the epoch; NaN and 0 mean "not observed".

    `probability` is the chance of a positive label given all latent values, including silent transfers.
    """

    patient: Ints
    day: Ints
    appointment: Ints
    appointment_known: Bools
    scheduled: Bools
    supply: Ints
    supply_known: Bools
    regimen: Ints
    stock_out: Bools
    viral_load: Floats
    adherence: Ints
    weight_kg: Floats
    lag: Ints
    viral_load_lag: Ints
    minute: Ints
    probability: Floats
    exit: Ints
    exit_day: Ints
    exit_lag: Ints


@dataclass(frozen=True, slots=True)
class Cohort:
    """Patients, facilities and visits; the visits of patient i are the rows `starts[i]` to `starts[i + 1]`."""

    people: People
    sites: Sites
    visits: Visits
    starts: Ints
    extracts: Extracts


@dataclass(frozen=True, slots=True)
class _World:
    """Constants of all visits, and the random generator."""

    rng: np.random.Generator
    preset: Preset
    people: People
    sites: Sites


@dataclass(frozen=True, slots=True)
class _PresentPatients:
    """Patients who come to their next visit; one row per patient."""

    patient: Ints
    day: Ints
    early: Bools
    engagement: Floats
    restarted: Ints
    regimen: Ints


@dataclass(frozen=True, slots=True)
class _Return:
    """Day of each patient's next visit (NEVER for some), and the kind of the time before it."""

    day: Ints
    early: Bools
    lost: Bools


def simulate(seed: int, patients: int, preset: Preset = KENYA_LIKE) -> Cohort:
    """Return a cohort of `patients` patients; the same seed gives the same cohort."""
    rng = np.random.default_rng(seed)
    sites = draw_sites(rng, preset)
    people = draw_people(rng, patients, sites, preset)
    ids = np.arange(patients)
    first_line = rng.choice(5, patients, p=[0.0, 0.68, 0.2, 0.07, 0.05])
    starts_on_dtg = (people.art_start > 200) & (rng.random(patients) < 0.7)
    regimen = np.where(starts_on_dtg, 0, first_line)
    present = _PresentPatients(
        ids, people.first_visit, np.zeros(patients, bool), people.engagement, np.full(patients, -NEVER), regimen
    )
    world = _World(rng, preset, people, sites)
    rounds: list[Visits] = []
    while len(present.patient) and len(rounds) < _MAX_VISITS:
        visits, present = _round(world, present)
        rounds.append(visits)
    visits = _by_patient(rounds)
    starts = np.searchsorted(visits.patient, np.arange(patients + 1))
    return Cohort(people, sites, visits, starts, draw_extracts(rng, visits))


def _by_patient(rounds: list[Visits]) -> Visits:
    columns = {f.name: np.concatenate([getattr(r, f.name) for r in rounds]) for f in fields(Visits)}
    order = np.lexsort((columns["day"], columns["patient"]))
    return Visits(**{name: column[order] for name, column in columns.items()})


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _round(world: _World, now: _PresentPatients) -> tuple[Visits, _PresentPatients]:
    """Simulate one visit of every present patient; return the visits and the patients who come back."""
    rng, sites = world.rng, world.sites
    people, count = world.people.select(now.patient), len(now.patient)
    unsuppressed = rng.random(count) < _sigmoid(-2.3 - 0.8 * now.engagement + 0.8 * (now.day - now.restarted < 183))
    poor = rng.random(count) < _sigmoid(-1.3 - 0.9 * now.engagement)
    stock_out = sites.stock_out[people.site, np.minimum(now.day // 30, sites.stock_out.shape[1] - 1)]
    supply = np.where(stock_out, 14, _supply(world, people, now, unsuppressed))
    appointment = _weekday(now.day + supply - rng.integers(0, 3, count))
    odds = _log_odds(world.preset, people, sites, now, appointment) + 0.5 * unsuppressed + 0.4 * poor + 0.5 * stock_out
    interrupts = _sigmoid(odds - 0.05 * (supply > 60))
    exits, exit_day, silent = _exits(rng, people, sites, now.day, appointment)
    lost = rng.random(count) < interrupts
    back, early = _return_days(rng, now, appointment, lost)
    measured = ~people.never_viral_load & (rng.random(count) < np.clip(supply / 250, 0.15, 0.6))
    visits = Visits(
        patient=now.patient,
        day=now.day,
        appointment=appointment,
        appointment_known=rng.random(count) < 0.95,
        scheduled=~now.early,
        supply=supply,
        supply_known=rng.random(count) < 0.95,
        regimen=now.regimen,
        stock_out=stock_out,
        viral_load=np.where(measured, _viral_loads(rng, unsuppressed), np.nan),
        adherence=np.where(rng.random(count) < 0.75, 1 + poor, 0),
        weight_kg=np.where(rng.random(count) < 0.6, np.round(people.weight_kg * rng.normal(1, 0.03, count), 1), np.nan),
        lag=np.where(rng.random(count) < 0.08, rng.integers(2, MAX_LAG_DAYS + 1, count), 0),
        viral_load_lag=rng.integers(10, 61, count),
        minute=rng.integers(8 * 60, 16 * 60, count),
        probability=1 - (1 - silent) * (1 - interrupts),
        exit=exits,
        exit_day=exit_day,
        exit_lag=rng.integers(0, MAX_LAG_DAYS + 1, count),
    )
    stays = (exits == 0) & (back <= LAST_DAY)
    return visits, _next(world, now, stays, _Return(back, early, lost))


def _supply(world: _World, people: People, now: _PresentPatients, unsuppressed: Bools) -> Ints:
    """Return the supply in days: more months for stable patients, and much more after the drift date."""
    stable = (now.day - people.art_start > 180) & ~unsuppressed & (now.day - now.restarted > 180)
    half_year = np.where(now.day >= world.preset.drift_day, 0.55, 0.2) * stable
    draw = world.rng.random(len(now.day))
    return np.where(draw < half_year, LONGEST_SUPPLY, np.where(draw < np.where(stable, 0.85, 0.3), 90, 30))


def _weekday(day: Ints) -> Ints:
    """Move Saturdays and Sundays to the following Monday; day 0 is a Tuesday."""
    weekday = (day + 1) % 7
    return day + np.where(weekday >= 5, 7 - weekday, 0)


def _log_odds(preset: Preset, people: People, sites: Sites, now: _PresentPatients, appointment: Ints) -> Floats:
    age = (now.day - people.born) / 365.25
    years = (now.day - people.art_start) / 365.25
    month = appointment % 365 // 30.5
    return np.asarray(
        preset.intercept
        - now.engagement
        + sites.effect[people.site]
        + np.where(people.male, sites.male_effect[people.site], 0)
        + np.where((age >= 15) & (age < 25), 0.5, np.where(age < 35, 0.26, 0))
        - 0.33 * (years >= 4)
        + 0.3 * (people.who_stage == 3)
        + 0.6 * (people.who_stage == 4)
        - 0.4 * (now.regimen == 0)
        + 0.45 * (people.pregnant_at_start & (years < 2))
        + 0.18 * (people.marital != 0)
        + 0.4 * people.rural
        + 0.6 * (now.day - now.restarted < 183)
        + 0.25 * ((month == 0) | (month == 11))
        + preset.drift_shift * (now.day >= preset.drift_day)
    )


def _exits(
    rng: np.random.Generator, people: People, sites: Sites, day: Ints, appointment: Ints
) -> tuple[Ints, Ints, Floats]:
    """Return the kind of exit before the appointment, its day, and the chance of a silent exit."""
    planted = sites.region[people.site] == REGIONS.index(PLANTED.silent_transfers)
    silent = np.where(planted, PLANTED.silent_transfer_rate, 0.001)
    draw = rng.random(len(day))
    kind = np.select([draw < 0.003, draw < 0.008, draw < 0.008 + silent * (1 - 0.008)], [1, 2, 3], 0)
    between = day + (rng.random(len(day)) * (appointment - day)).astype(np.int64)
    return kind, between, silent


def _return_days(rng: np.random.Generator, now: _PresentPatients, appointment: Ints, lost: Bools) -> tuple[Ints, Bools]:
    """Return the day of the next visit (NEVER for a third of the lost), and True if it is early and unscheduled."""
    count = len(lost)
    gap = np.where(rng.random(count) < 0.35, NEVER, 29 + rng.exponential(60, count))
    is_late = rng.random(count) < _sigmoid(-0.7 - 0.9 * now.engagement)
    delay = np.minimum(1 + rng.exponential(5 * np.exp(-0.35 * now.engagement)), 27) * is_late
    early = ~lost & ~is_late & (rng.random(count) < 0.1)
    lead = np.minimum(rng.integers(2, 20, count), (appointment - now.day) // 2)
    days = np.where(lost, gap, np.where(early, -lead, delay)).astype(np.int64)
    return np.maximum(appointment + days, now.day + 1), early


def _viral_loads(rng: np.random.Generator, unsuppressed: Bools) -> Floats:
    count = len(unsuppressed)
    high = np.power(10.0, rng.normal(4.3, 0.7, count).clip(3.05, 6.8))
    low = np.where(rng.random(count) < 0.7, 0, rng.uniform(20, 900, count))
    return np.asarray(np.round(np.where(unsuppressed, high, low)), np.float64)


def _next(world: _World, now: _PresentPatients, stays: Bools, after: _Return) -> _PresentPatients:
    memory, rng, count = world.preset.engagement_memory, world.rng, len(stays)
    shock = rng.normal(0, world.preset.engagement_sd * float(np.sqrt(1 - memory**2)), count)
    to_dtg = (after.day > 200) & (now.regimen != 3) & (rng.random(count) < 0.12)
    return _PresentPatients(
        now.patient[stays],
        after.day[stays],
        after.early[stays],
        (memory * now.engagement + shock)[stays],
        np.where(after.lost, after.day, now.restarted)[stays],
        np.where(to_dtg, 0, now.regimen)[stays],
    )
