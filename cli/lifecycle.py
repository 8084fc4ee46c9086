"""`vigil models compare|retrain|rollback|withdraw`: challengers, and the way back to an older version."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli import deployment, keys
from cli.models import KeysFolder, key_folder, publisher

if TYPE_CHECKING:
    from vigil.prediction.trials.model import MeanInterval, TrialReport

out = Console()


def compare_command(name: str, keys_folder: KeysFolder = None) -> None:
    """Show how far the challenger and the champion are apart over the newest requests of all tenants."""
    from vigil.bootstrap import prediction

    found = prediction.trials(publisher(keys_folder)).compare(name)
    table = Table(show_header=False, title=f"{name}: version {found.challenger} against version {found.champion}")
    for row in _rows(found):
        table.add_row(*row)
    out.print(table)


def retrain_command(
    name: Annotated[str, typer.Argument(help="A model whose recipe can retrain")],
    since: Annotated[datetime, typer.Option(help="Outcomes received since then, UTC", formats=["%Y-%m-%d"])],
    tenant: Annotated[list[str] | None, typer.Option(help="Whose outcomes; default: those of this machine")] = None,
    seed: int = 1,
    keys_folder: KeysFolder = None,
) -> None:
    """Train a challenger on recipe data and outcomes, compare it with the champion, sign, publish, put on trial.

    Nothing is published if a feature tells the label or the challenger is shown to be calibrated worse.
    """
    from cli.retraining import retrain

    deployment.enter()
    version = retrain(name, since.replace(tzinfo=UTC), tenant or deployment.tenants(), seed, keys_folder)
    out.print(f"[bold]{name}[/] version {version} is published and scores in the shadow of the champion")


def rollback_command(
    name: str,
    version: Annotated[int, typer.Argument(help="The old version to go back to")],
    valid_days: int = 365,
    keys_folder: KeysFolder = None,
) -> None:
    """Go back to an old version: sign its files anew under the next version, publish and promote that."""
    from cli.training import write_package

    folder = key_folder(keys_folder)
    shop = publisher(keys_folder)
    files = shop.reissue(name, version, keys.signing_key(folder), timedelta(days=valid_days))
    published = shop.publish(files)
    # Beside the trained ones, so that the next training takes the next number.
    write_package(deployment.home() / "packages" / name, published.version, files)
    shop.promote(name, published.version)
    out.print(f"[bold]{name}[/] champion is version {published.version}, the same model as version {version}")


def withdraw_command(name: str, keys_folder: KeysFolder = None) -> None:
    """End the trial of the challenger; the champion decides for everyone again."""
    pointer = publisher(keys_folder).withdraw(name)
    out.print(f"[bold]{name}[/] version {pointer.version} is no longer on trial")


def _rows(found: "TrialReport") -> list[tuple[str, str]]:
    return [
        ("requests that both answered", str(found.pairs)),
        ("requests that only one answered", str(found.unanswered)),
        ("subjects", str(found.subjects)),
        ("difference in probability (95 %)", _interval(found.difference)),
        ("share of decisions changed (95 %)", _interval(found.changed)),
    ]


def _interval(interval: "MeanInterval | None") -> str:
    if interval is None:
        return "no pair yet"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:+.4f} (too few subjects for an interval)"
    return f"{interval.mean:+.4f} ({interval.low:+.4f} to {interval.high:+.4f})"
