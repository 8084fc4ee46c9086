"""Wires model packages, their versions and their trials."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process, stores

if TYPE_CHECKING:
    from vigil.prediction.packages.model import PackageDescription
    from vigil.prediction.packages.ports import PromotionBlocks
    from vigil.prediction.packages.publishing import Publisher
    from vigil.prediction.packages.service import Registry, RegistryEvent
    from vigil.prediction.packages.signing import PublicKeys
    from vigil.prediction.packages.store import S3PackageStore
    from vigil.prediction.trials.service import TrialOutcomes, TrialService


@process.entry(
    "decisions_table",
    "idempotency_table",
    "limits_table",
    "model_keys",
    "monitoring_table",
    "outcomes_table",
    "packages_bucket",
    "registry_table",
)
def trials_api() -> process.Handler:
    """Return the Lambda entry of the API of model versions, promotions and comparisons."""
    from vigil.prediction.trials import routes

    versions = publisher(pinned_keys(), promotion_blocks())
    return process.api([routes.router], trials=trials(versions), claims=process.claims())


@process.once
def registry() -> "Registry":
    """Return the registry of the models that this process has loaded."""
    from vigil.prediction.engines.loading import load_engine
    from vigil.prediction.packages.service import Registry
    from vigil.prediction.packages.verification import PackageVerifier

    verifier = PackageVerifier(pinned_keys(), load_engine, process.settings().model_floors)
    return Registry(packages(), stores.catalogue(), verifier, clock=process.now, observe=_observe)


def publisher(keys: "PublicKeys", blocks: "PromotionBlocks | None" = None) -> "Publisher":
    """Return the service that publishes and promotes packages signed with one of these keys. For operators.

    The remedies of incidents give no `blocks`, so that open findings never stop an emergency rollback.
    """
    from vigil.prediction.engines.loading import load_engine
    from vigil.prediction.packages.publishing import Publisher
    from vigil.prediction.packages.verification import PackageVerifier

    verifier = PackageVerifier(keys, load_engine, process.settings().model_floors)
    return Publisher(packages(), stores.catalogue(), verifier, process.now, blocks)


def promotion_blocks() -> "PromotionBlocks":
    """Return the open findings that block promotions."""
    from vigil.monitoring.findings.blocks_store import DynamoPromotionBlocks

    return DynamoPromotionBlocks(process.client("dynamodb"), process.settings().monitoring_table)


def trials(versions: "Publisher") -> "TrialService":
    """Return the service of trials for the models of a publisher."""
    from vigil.prediction.trials.service import TrialService

    return TrialService(versions, trial_outcomes())


def trial_outcomes() -> "TrialOutcomes":
    """Return the outcomes of requests that two versions have answered."""
    from vigil.decisions.outcomes.store import DynamoOutcomes
    from vigil.prediction.trials.service import TrialOutcomes
    from vigil.prediction.trials.store import DynamoComparisons

    dynamodb, config = process.client("dynamodb"), process.settings()
    comparisons = DynamoComparisons(dynamodb, config.decisions_table)
    return TrialOutcomes(comparisons, DynamoOutcomes(dynamodb, config.outcomes_table), process.now)


def describe_package(name: str, version: int) -> "PackageDescription":
    """Return the verified description of a stored package, without its engines. Raises ModelRefused or Unavailable."""
    from vigil.prediction.packages import verification

    files = verification.read_package(packages(), name, version)
    return verification.describe_package(files, verification.ExpectedPackage(name, version), pinned_keys())


def pinned_keys() -> "PublicKeys":
    """Return the public keys that verify the signatures of models in this deployment."""
    return process.settings().model_keys


@process.once
def packages() -> "S3PackageStore":
    """Return the store of package files."""
    from vigil.prediction.packages.store import S3PackageStore

    bucket = process.settings().packages_bucket
    return S3PackageStore(process.object_client(bucket), bucket)


def _observe(event: "RegistryEvent") -> None:
    failed = event.kind != "model_loaded"
    about = ("model", event.name)
    process.telemetry().log_event(
        event.kind, failed=failed, about=about, model_version=event.version, reason=event.reason
    )
