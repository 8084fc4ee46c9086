"""Model versions of simulations: the newest package of a model on this machine, or a freshly trained model."""

from cli import deployment, keys, native
from cli.models import key_folder
from cli.monitoring.simulation import SimulatedVersion
from cli.trained_models import SEED, trained_model
from cli.training import read_package, verify_files, versions
from models.recipe import Progress
from vigil.errors import NotFound
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine


def packaged_version(name: str) -> SimulatedVersion:
    """Return the newest package of a model on this machine, verified with the keys of this machine.

    Raises NotFound without a package, and ModelRefused for a package that fails verification.
    """
    parent = deployment.state_folder() / "packages" / name
    number = max(versions(parent), default=0)
    if not number:
        raise NotFound(f"no package of {name} is in {parent}: run `vigil models train {name}` first")
    model = verify_files(read_package(parent / f"{number:08d}"), keys.load_public_keys(key_folder(None)))
    return SimulatedVersion(number, model.contract, model.reference, model.runner)


def trained_version(name: str, progress: Progress) -> SimulatedVersion:
    """Train a model as the tests and the embedded stack do, and return it as version 1, without a package.

    `progress` receives the steps of the training.
    """
    native.add_to_path()
    model = trained_model(name, SEED, progress)
    contract = model.contract
    engines = {spec.name: load_engine(spec, model.files[spec.file], contract) for spec in contract.engines}
    return SimulatedVersion(1, contract, model.reference, EnsembleRunner(contract, engines))
