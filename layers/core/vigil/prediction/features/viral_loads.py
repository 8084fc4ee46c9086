"""Viral loads as laboratories report them: counts, and results below or above a limit of detection."""

import re

from vigil.errors import FieldError, InvalidInput
from vigil.prediction.features.model import OBSERVATION_SPECS

FORMS = '"<20" or {"below": 20}, ">10000000" or {"above": 10000000}, "LDL", "not detected"'
"""Forms of a censored viral load, in copies/mL, as a caller writes them."""
MAX_CHARACTERS = 40
_UNDETECTED = frozenset({"ldl", "not detected", "target not detected", "undetectable"})
_COMPARED = re.compile(r"([<>]) ?(\d{1,8}(?:\.\d{1,3})?)(?: ?(?:copies|cp|c)/ml)?", re.ASCII)
_RELATIONS = {"<": "below", ">": "above"}
_HIGHEST = OBSERVATION_SPECS["viral_load"].maximum or 0.0


def read_viral_load(value: object) -> object:
    """Return the count that stands for a censored viral load, in copies/mL; other values are returned unchanged.

    A result below `n` is `n - 1`, so that a result below 1000 is suppressed. A result above `n` is `n + 1`. A result
    without detection is 0. Raises InvalidInput with the field `value` for another text or object.
    """
    if isinstance(value, str) and len(value) <= MAX_CHARACTERS:
        words = " ".join(value.casefold().split())
        if words in _UNDETECTED:
            return 0
        if match := _COMPARED.fullmatch(words):
            return _censored(_RELATIONS[match[1]], float(match[2]))
    if isinstance(value, dict) and len(value) == 1:
        (relation, limit), *_ = value.items()
        if relation in _RELATIONS.values() and isinstance(limit, int | float) and not isinstance(limit, bool):
            return _censored(relation, limit)
    if isinstance(value, str | dict):
        raise _refusal(f"must be a number of copies/mL, or one of {FORMS}", "number or a form of a censored result")
    return value


def _censored(relation: str, limit: float) -> float:
    if not 0 < limit <= _HIGHEST:
        bound = f"above 0 and at most {_HIGHEST:.0f} copies/mL"
        raise _refusal(f"must name a limit {bound}", bound)
    return max(limit - 1, 0) if relation == "below" else min(limit + 1, _HIGHEST)


def _refusal(message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError("value", message, bound))
