"""The feature sets that a model package may name, each the one code path for training and serving."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vigil.features import art_visits
from vigil.features.art_visits_specs import SPECS
from vigil.features.model import History
from vigil.features.parsing import parse_history
from vigil.features.schemas import HistoryIn
from vigil.registry.model import FeatureSpec, FeatureValue


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """A named, versioned way from a history to features; a change of any feature is a new version."""

    name: str
    specs: tuple[FeatureSpec, ...]
    parse: Callable[[object], History]
    """From an untrusted JSON document; raises InvalidInput naming fields under `history`."""
    extract: Callable[[History, datetime], dict[str, FeatureValue]]
    """As of a moment with a UTC offset; raises InvalidInput naming `as_of`."""
    schema: Callable[[], dict[str, Any]]
    """The JSON schema of the document that `parse` reads."""


_SETS = {
    "art-visits/1": FeatureSet("art-visits/1", SPECS, parse_history, art_visits.extract, HistoryIn.model_json_schema)
}


def feature_set(name: str) -> FeatureSet:
    """Return the feature set of that name; raise KeyError if this build does not have it."""
    return _SETS[name]
