"""From the verified file of an engine to the engine, by its kind."""

import hashlib
from collections.abc import Callable, Mapping

from vigil.engines import boosting, forest, rules, statistics
from vigil.engines.model import EngineKind, EngineSpec
from vigil.registry.model import ModelContract
from vigil.registry.ports import Engine

Loader = Callable[[EngineSpec, bytes, ModelContract, str], Engine]
_LOADERS: Mapping[EngineKind, Loader] = {
    "lightgbm": boosting.load,
    "isolation_forest": forest.load,
    "rules": rules.load,
    "statistics": statistics.load,
}
VERSION_DIGITS = 12


def load(spec: EngineSpec, content: bytes, contract: ModelContract) -> Engine:
    """Return the engine of a package's file; its votes carry the start of the file's SHA-256 as their version.

    Raises ModelRefused: `malformed` or `schema_mismatch` for a file that does not fit the contract, `unsupported`
    where this machine cannot run it.
    """
    return _LOADERS[spec.kind](spec, content, contract, hashlib.sha256(content).hexdigest()[:VERSION_DIGITS])
