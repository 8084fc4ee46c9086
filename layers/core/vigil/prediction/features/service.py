"""Registry of the feature sets that a model package may name; training and serving use the same code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from vigil.kernel.rows import FeatureValue
from vigil.prediction.features import art_visits, art_visits_v1
from vigil.prediction.features.art_visits_specs import FIRST_SPECS, SPECS
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.features.flows import extraction as flows
from vigil.prediction.features.flows.parsing import parse_traffic
from vigil.prediction.features.flows.schemas import TrafficIn
from vigil.prediction.features.flows.specs import SPECS as FLOW_SPECS
from vigil.prediction.features.parsing import parse_history
from vigil.prediction.features.schemas import HistoryIn

_Facts = TypeVar("_Facts")


@dataclass(frozen=True, slots=True)
class FeatureSet(Generic[_Facts]):
    """A named, versioned computation of features from a history.

    Any change to a feature requires a new version.
    """

    name: str
    specs: tuple[FeatureSpec, ...]
    parse: Callable[[object], _Facts]
    """Parser of an untrusted JSON document; raises InvalidInput with fields under `history`."""
    extract: Callable[[_Facts, datetime], dict[str, FeatureValue]]
    """Computation of features as of a time with a UTC offset.

    Raises InvalidInput with the field `as_of`, or with a field under `history`.
    """
    schema: Callable[[], dict[str, Any]]
    """Function that returns the JSON schema of the document that `parse` accepts."""


ART_VISITS = FeatureSet("art-visits/2", SPECS, parse_history, art_visits.extract, HistoryIn.model_json_schema)
_FIRST_ART_VISITS = FeatureSet(
    "art-visits/1", FIRST_SPECS, parse_history, art_visits_v1.extract, HistoryIn.model_json_schema
)
FLOWS = FeatureSet("flows/1", FLOW_SPECS, parse_traffic, flows.extract, TrafficIn.model_json_schema)
_SETS: dict[str, FeatureSet[Any]] = {
    feature_set.name: feature_set for feature_set in (ART_VISITS, _FIRST_ART_VISITS, FLOWS)
}


def get_feature_set(name: str) -> FeatureSet[Any]:
    """Return the feature set with this name; raise KeyError if this build does not contain it."""
    return _SETS[name]
