"""Loading of engines from their verified files, by kind of engine."""

import hashlib
from collections.abc import Callable, Mapping

from vigil.prediction.engines import boosting, forest, rules, statistics
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ports import VotingEngine
from vigil.prediction.engines.votes import EngineKind, EngineSpec

EngineLoader = Callable[[EngineSpec, bytes, ModelContract, str], VotingEngine]
_LOADERS: Mapping[EngineKind, EngineLoader] = {
    "lightgbm": boosting.load,
    "isolation_forest": forest.load,
    "rules": rules.load,
    "statistics": statistics.load,
}
VERSION_DIGITS = 12


def load_engine(spec: EngineSpec, content: bytes, contract: ModelContract, table: bytes | None = None) -> VotingEngine:
    """Return the engine of a package's file; its votes carry the start of the file's SHA-256 as version.

    A LightGBM engine with a packed table is run from the table. Raises ModelRefused: `malformed` or `schema_mismatch`
    for a file that does not fit the contract, `unsupported` if this machine cannot run it.
    """
    version = hashlib.sha256(content).hexdigest()[:VERSION_DIGITS]
    if table is not None and spec.kind == "lightgbm":
        return boosting.load(spec, content, contract, version, table)
    return _LOADERS[spec.kind](spec, content, contract, version)
