"""A challenger from the recipe's own data and what became of decisions: compared, signed, and put on trial if sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli import deployment, keys
from cli.collect_outcomes import gather
from cli.models import key_folder, progress_bar, publisher
from cli.training import verified, versions, write_package
from models import recipe
from models.challenge import ChallengeResult, WorseCalibration, compare_on_held_out
from models.known import KnownOutcomes
from models.leakage import LeakageError
from vigil.errors import Conflict, NotFound
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.ports import CHALLENGER, CHAMPION
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.verification import Release, build_package

VALID = timedelta(days=365)
out = Console()


@dataclass(frozen=True, slots=True)
class Signer:
    """Under which key and version a challenger is signed, and the seed that it is trained with."""

    key: SigningKey
    version: int
    seed: int = 1


def retrain(name: str, since: datetime, tenants: Sequence[str], seed: int, keys_folder: Path | None) -> int:
    """Publish a sound challenger trained on recipe data and outcomes, and put it on trial; return its version.

    Raises Conflict as `challenge` does, and then nothing is published.
    """
    from vigil.bootstrap import decisions, prediction

    trainer, shop = retrainable(name), publisher(keys_folder)
    if (pointer := shop.pointers(name).get(CHAMPION)) is None:
        raise NotFound(f"{name} has no champion to compare with")
    champion = prediction.registry().archived(name, pointer.version)
    harvest = gather(champion.contract, tenants, since, decisions.outcomes(), decisions.scoring())
    out.print(f"{len(harvest.known)} outcomes of {', '.join(tenants)}; {harvest.unlike} more saw another schema")
    parent = deployment.home() / "packages" / name
    published = [listing.published.version for listing in shop.versions(name)]
    version = max([*published, *versions(parent)]) + 1
    signer = Signer(keys.signing_key(key_folder(keys_folder)), version, seed)
    with progress_bar(name) as progress:
        files, found = challenge(trainer, harvest.known, champion, signer, progress)
    out.print(_table(name, version, champion.version, found))
    write_package(parent, version, files)
    shop.publish(files)
    shop.promote(name, version, CHALLENGER)
    return version


def challenge(
    trainer: recipe.Retrainable, known: KnownOutcomes, champion: LoadedModel, signer: Signer, progress: recipe.Progress
) -> tuple[dict[str, bytes], ChallengeResult]:
    """Return a signed challenger and how it and the champion do on the same held-out rows.

    Raises Conflict if a feature tells the label, the challenger is shown to be calibrated worse, or the schemas differ.
    """
    try:
        model, held_out = trainer.retrain(signer.seed, known, progress)
        if model.contract.features != champion.contract.features:
            raise Conflict("not published: the champion has another schema; train and promote the recipe first")
        now = datetime.now(UTC).replace(microsecond=0)
        files = build_package(model, Release(signer.version, now, now + VALID), signer.key, load_engine)
        challenger = verified(files, {signer.key.key_id: signer.key.public})
        return files, compare_on_held_out(champion.runner, challenger.runner, held_out, signer.seed)
    except (LeakageError, WorseCalibration) as error:
        raise Conflict(f"not published: {error}") from error


def retrainable(name: str) -> recipe.Retrainable:
    """Return a recipe that can learn from outcomes; raise NotFound for a model without one."""
    found = recipe.load_recipe(name) if name in recipe.recipe_names() else None
    if not isinstance(found, recipe.Retrainable):
        raise NotFound(f"no recipe of {name} can retrain")
    return found


def _table(name: str, version: int, champion: int, found: ChallengeResult) -> Table:
    title = f"{name}: version {version} against version {champion} on the same {found.rows} held-out rows"
    table = Table("measure", "champion", "challenger", "difference (95 %)", title=title)
    for measure, difference in found.difference.items():
        before, after = (f"{figures[measure]:.4f}" for figures in (found.champion, found.challenger))
        interval = f"{difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
        table.add_row(measure.replace("_", " "), before, after, interval)
    return table
