"""Decisions as JSON. Equal decisions give equal bytes, which are stored, returned and replayed."""

from collections.abc import Mapping

from pydantic_core import to_json

from vigil.decisions.scoring.model import Decision
from vigil.kernel.rows import FeatureValue

_OF_ONE_REQUEST = {"decision_id", "created_at", "explanation", "base_value"}
_NOT_IN_LISTS = {"engines", "explanation", "base_value", "flags"}


def body(decision: Decision) -> str:
    """Return the answer to a score request."""
    return to_json(decision, inf_nan_mode="null").decode()


def summary(decision: Decision) -> str:
    """Return a list entry: the answer without engines, explanation and flags."""
    return to_json(decision, exclude=_NOT_IN_LISTS, inf_nan_mode="null").decode()


def result_members(decision: Decision) -> str:
    """Return the members of a batch result: the answer without request fields and without the opening brace."""
    return to_json(decision, exclude=_OF_ONE_REQUEST, inf_nan_mode="null").decode()[1:]


def inputs(features: Mapping[str, FeatureValue]) -> str:
    """Return the features that the engines received; a replay starts from them."""
    return to_json(features, inf_nan_mode="null").decode()
