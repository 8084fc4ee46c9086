"""Option `--drift` of simulations: a drift of the model's production and the day on which it begins."""

from models.production import Production, ProductionPlan
from vigil.errors import FieldError, InvalidInput
from vigil.monitoring.drift.rules_model import DriftRules

NO_DRIFT = "none"
"""Value of the option for no drift."""
MAX_ROWS = 80_000
"""Maximum rows of a simulation: about a year at 200 rows a day."""


def plan_production(production: Production, seed: int, days: int, rows_per_day: int, drift: str) -> ProductionPlan:
    """Return the plan of a simulation. `drift` is a drift with its first day, such as `supply@200`, or `none`.

    Raises InvalidInput for more than `MAX_ROWS` rows, and for an unknown drift. Raises InvalidInput also for a first
    day of the drift before `settled_day` or after the last day. Days are counted from 1.
    """
    if days * rows_per_day > MAX_ROWS:
        bound = f"at most {MAX_ROWS:,} rows in all"
        raise InvalidInput(FieldError("--rows-per-day", f"{days * rows_per_day:,} rows are too many", bound))
    if drift == NO_DRIFT:
        return ProductionPlan(seed, days, rows_per_day)
    name, _, number = drift.partition("@")
    if name not in production.DRIFTS:
        bound = (
            f"{NO_DRIFT}, or one of {', '.join(production.DRIFTS)} with its first day, such as {_example(production)}"
        )
        raise InvalidInput(FieldError("--drift", "is not a drift of this model", bound))
    first = settled_day(rows_per_day)
    if not number.isdecimal() or not first <= int(number) <= days:
        bound = f"a day from {first}, when the usual state is known, to {days}: {name}@{min(first, days)}"
        raise InvalidInput(FieldError("--drift", "must have the day on which it begins", bound))
    return ProductionPlan(seed, days, rows_per_day, name, int(number))


def settled_day(rows_per_day: int) -> int:
    """Return about the number of the first judged day, after the baseline is complete. Days are counted from 1."""
    rules = DriftRules()
    return max(rules.settling_days, -(-rules.settling_rows // rows_per_day)) + 1


def _example(production: Production) -> str:
    return f"{next(iter(production.DRIFTS))}@200"
