"""The feature set `flows/1`: one network flow and its neighbours, as known at a given time.

Training and serving use the same code. Facts seen after `as_of` never change a feature.
"""

from datetime import datetime

from vigil.kernel.rows import FeatureValue
from vigil.prediction.features.flows.model import Traffic, check_as_of
from vigil.prediction.features.flows.neighbours import neighbour_features
from vigil.prediction.features.flows.packets import packet_features
from vigil.prediction.features.flows.shape import shape_features
from vigil.prediction.features.flows.specs import SERVICES


def extract(traffic: Traffic, as_of: datetime) -> dict[str, FeatureValue]:
    """Return the features of `SPECS` by name, as of a time with a UTC offset.

    Raises InvalidInput with the field `as_of` if no packet had been seen by then.
    """
    known = traffic.known_at(as_of)
    check_as_of(known)
    return {
        "protocol": known.protocol,
        "service": _service(known),
        **packet_features(known.packets),
        **shape_features(known.packets),
        **neighbour_features(known),
    }


def _service(known: Traffic) -> str:
    port = known.destination_port
    return next((name for name, ports in SERVICES.items() if port in ports), "other")
