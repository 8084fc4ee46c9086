"""Wiring of packages, their versions and their comparisons."""

import base64
from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.prediction.packages.publishing import Publisher
    from vigil.prediction.packages.service import Registry, RegistryEvent
    from vigil.prediction.packages.signing import PublicKeys
    from vigil.prediction.packages.store import DynamoCatalogue, S3PackageStore
    from vigil.prediction.trials.service import TrialService


@process.once
def trials_api() -> process.Handler:
    """Return the Lambda entry of the API of versions, promotions and comparisons."""
    from vigil.prediction.trials import routes

    return process.api([routes.router], trials=lifecycle(publisher(pinned())), claims=process.claims())


@process.once
def registry() -> "Registry":
    """Return the models of this process."""
    from vigil.prediction.engines.loading import load_engine
    from vigil.prediction.packages.service import Registry
    from vigil.prediction.packages.verification import PackageVerifier

    verifier = PackageVerifier(pinned(), load_engine, process.settings().model_floors)
    return Registry(packages(), catalogue(), verifier, clock=process.now, observe=_observe)


def publisher(keys: "PublicKeys") -> "Publisher":
    """Return what publishes and promotes packages signed by one of these keys; for operators."""
    from vigil.prediction.engines.loading import load_engine
    from vigil.prediction.packages.publishing import Publisher
    from vigil.prediction.packages.verification import PackageVerifier

    return Publisher(
        packages(), catalogue(), PackageVerifier(keys, load_engine, process.settings().model_floors), process.now
    )


def lifecycle(versions: "Publisher") -> "TrialService":
    """Return the life cycle of the models that a publisher knows."""
    from vigil.prediction.trials.service import TrialService
    from vigil.prediction.trials.store import DynamoComparisons

    return TrialService(versions, DynamoComparisons(process.client("dynamodb"), process.settings().decisions_table))


def pinned() -> "PublicKeys":
    """Return the keys that may sign models here."""
    return {key_id: base64.b64decode(key) for key_id, key in process.settings().model_keys.items()}


@process.once
def packages() -> "S3PackageStore":
    """Return the bytes of packages."""
    from vigil.prediction.packages.store import S3PackageStore

    return S3PackageStore(process.client("s3"), process.settings().packages_bucket)


@process.once
def catalogue() -> "DynamoCatalogue":
    """Return the versions and aliases of models."""
    from vigil.prediction.packages.store import DynamoCatalogue

    return DynamoCatalogue(process.client("dynamodb"), process.settings().registry_table)


def _observe(event: "RegistryEvent") -> None:
    failed = event.kind != "model_loaded"
    about = ("model", event.name)
    process.telemetry().log_event(
        event.kind, failed=failed, about=about, model_version=event.version, reason=event.reason
    )
