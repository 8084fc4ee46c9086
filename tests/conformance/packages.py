"""A trained model with its signed package, loaded as serving does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.support.fakes.clock import Clock
from tests.support.fakes.packages import KEY, KEYS
from tests.support.fakes.scoring import FakeLedger, FakeModels
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.scoring.service import Scoring
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.features.service import get_feature_set
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, build_package

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VERIFIER = PackageVerifier(KEYS, load_engine)


@dataclass(frozen=True)
class Package:
    trained: TrainedModel
    files: Mapping[str, bytes]
    loaded: LoadedModel

    @property
    def contract(self) -> ModelContract:
        return self.loaded.contract

    def rows(self):
        """Return the encoded golden rows."""
        return [self.contract.encode(features) for features in self.trained.golden]

    def models(self, loaded: LoadedModel | None = None) -> FakeModels:
        return FakeModels({self.contract.name: loaded or self.loaded})

    def scoring(self, models: FakeModels | None = None) -> Scoring:
        return Scoring(
            models or self.models(), get_feature_set, FakeLedger(), Clock(), timedelta(hours=24), keys=tenant_key
        )


def signed(trained: TrainedModel) -> Package:
    files = build_package(trained, Release(1, NOW, NOW + timedelta(days=30)), KEY, load_engine)
    return Package(trained, files, VERIFIER.verify(files, ExpectedPackage(now=NOW)))
