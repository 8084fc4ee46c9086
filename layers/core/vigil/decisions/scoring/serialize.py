"""Decisions as JSON: the same decision is always the same bytes, which are stored, answered and replayed."""

from collections.abc import Mapping

from pydantic_core import to_json

from vigil.decisions.scoring.model import Decision
from vigil.kernel.rows import FeatureValue

_OF_ONE_REQUEST = {"decision_id", "created_at", "explanation", "base_value"}
_NOT_IN_LISTS = {"engines", "explanation", "base_value", "flags"}


def body(decision: Decision) -> str:
    """Return the answer."""
    return to_json(decision, inf_nan_mode="null").decode()


def summary(decision: Decision) -> str:
    """Return a list entry: the answer without its engines, explanation and flags."""
    return to_json(decision, exclude=_NOT_IN_LISTS, inf_nan_mode="null").decode()


def result_members(decision: Decision) -> str:
    """Return the answer but for what belongs to one request, as the rest of an object that a row of a batch begins."""
    return to_json(decision, exclude=_OF_ONE_REQUEST, inf_nan_mode="null").decode()[1:]


def inputs(features: Mapping[str, FeatureValue]) -> str:
    """Return the features as the engines saw them, from which a decision can be replayed."""
    return to_json(features, inf_nan_mode="null").decode()
