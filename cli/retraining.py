"""Trains a challenger on recipe data and reported outcomes, compares it with the champion, and starts its trial."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.table import Table

from cli import deployment, keys
from cli.collect_outcomes import OutcomeSources, collect_outcomes, has_same_inputs
from cli.models import key_folder, progress_bar, publisher
from cli.tables import TableConsole
from cli.training import verify_files, versions, write_package
from models import recipe
from models.challenge import ChallengeResult, WorseCalibration, compare_on_held_out
from models.known import KnownOutcomes
from models.leakage import LeakageError
from vigil.errors import Conflict, NotFound
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.ports import CHALLENGER, CHAMPION
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.verification import Release, build_package

VALIDITY = timedelta(days=365)
out = TableConsole()


@dataclass(frozen=True, slots=True)
class ChallengerOptions:
    """Signing key, version number and training seed of a challenger, and the id of the finding that it answers."""

    key: SigningKey
    version: int
    seed: int = 1
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class RetrainingOrder:
    """Model to retrain, and the outcomes to learn from. `propensity` is that of `collect_outcomes`."""

    name: str
    since: datetime
    tenants: Sequence[str]
    seed: int = 1
    propensity: float = 0.0
    answers: str | None = None


def retrain(order: RetrainingOrder, keys_folder: Path | None) -> int:
    """Train, publish and start the trial of a challenger; return its version.

    Raises Conflict if promotions of the model are blocked, before any training, and as `train_challenger` does. The
    challenger is then not published.
    """
    from vigil.bootstrap import decisions, prediction

    name = order.name
    trainer, package_publisher = load_retrainable(name), publisher(keys_folder)
    package_publisher.check_unblocked(name)
    pointer = package_publisher.pointers(name).get(CHAMPION)
    if pointer is None or pointer.share is None:
        raise NotFound(f"{name} has no champion to compare with; promote a version first")
    champion = prediction.registry().archived(name, pointer.version)
    sources = OutcomeSources(decisions.outcomes(), decisions.scoring(), prediction.registry())
    collected = collect_outcomes(champion.contract, order.tenants, order.since, sources, order.propensity)
    out.print(
        f"{len(collected.known)} outcomes of {', '.join(order.tenants)}; {collected.skipped} skipped (other schema), "
        f"{collected.treated} left out (treated), {collected.of_batches} left out (rows of batches)"
    )
    parent = deployment.state_folder() / "packages" / name
    published = [listing.published.version for listing in package_publisher.versions(name)]
    version = max([*published, *versions(parent)]) + 1
    options = ChallengerOptions(keys.load_signing_key(key_folder(keys_folder)), version, order.seed, order.answers)
    with progress_bar(name) as progress:
        files, result = train_challenger(trainer, collected.known, champion, options, progress)
    out.print(_table(name, version, champion.version, result))
    write_package(parent, version, files)
    package_publisher.publish(files)
    package_publisher.promote(name, version, CHALLENGER)
    return version


def train_challenger(
    trainer: recipe.Retrainable,
    known: KnownOutcomes,
    champion: LoadedModel,
    options: ChallengerOptions,
    progress: recipe.Progress,
) -> tuple[dict[str, bytes], ChallengeResult]:
    """Return the files of a signed challenger, and its comparison with the champion on the same held-out rows.

    Raises Conflict if a feature leaks the label, the calibration is significantly worse, or the schemas differ.
    """
    try:
        model, held_out = trainer.retrain(options.seed, known, progress)
        if not has_same_inputs(model.contract, champion.contract):
            raise Conflict("not published: the champion has another schema; train and promote the recipe first")
        model = _answering(model, options.answers) if options.answers else model
        now = datetime.now(UTC).replace(microsecond=0)
        files = build_package(model, Release(options.version, now, now + VALIDITY), options.key, load_engine)
        challenger = verify_files(files, {options.key.key_id: options.key.public})
        return files, compare_on_held_out(champion.runner, challenger.runner, held_out, options.seed)
    except (LeakageError, WorseCalibration) as error:
        raise Conflict(f"not published: {error}") from error


def _answering(model: TrainedModel, finding: str) -> TrainedModel:
    """Return a model whose training description and card name the finding that it answers."""
    training = model.contract.training
    description = f"{training.description} Answers finding {finding}."
    contract = replace(model.contract, training=replace(training, description=description))
    return replace(model, contract=contract, card=model.card.replace(training.description, description))


def load_retrainable(name: str) -> recipe.Retrainable:
    """Return the recipe of a model that can retrain on outcomes; raise NotFound if there is none."""
    found = recipe.load_recipe(name) if name in recipe.recipe_names() else None
    if not isinstance(found, recipe.Retrainable):
        raise NotFound(f"the model {name} has no recipe that can retrain")
    return found


def _table(name: str, version: int, champion: int, result: ChallengeResult) -> Table:
    title = f"{name}: version {version} against version {champion} on the same {result.rows} held-out rows"
    table = Table("measure", "champion", "challenger", "difference (95 %)", title=title)
    for measure, difference in result.difference.items():
        before, after = (f"{metrics[measure]:.4f}" for metrics in (result.champion, result.challenger))
        interval = f"{difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
        table.add_row(measure.replace("_", " "), before, after, interval)
    return table
