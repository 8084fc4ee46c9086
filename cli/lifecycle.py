"""`vigil models compare|retrain|rollback|withdraw`: trials of challengers, and rollback to an older version."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli import deployment, keys
from cli.models import KeysFolder, ModelName, key_folder, publisher
from cli.tables import TableConsole

if TYPE_CHECKING:
    from pathlib import Path

    from vigil.prediction.trials.evidence_model import TrialEvidence
    from vigil.prediction.trials.intervals_model import MeanInterval
    from vigil.prediction.trials.model import TrialReport

out = TableConsole()


MAX_PROPENSITY = 0.9
"""Maximum share of treated subjects: an untreated one then counts ten times."""
_is_finding = re.compile(r"fnd-[0-9a-f]{32}").fullmatch


def _propensity(value: float) -> float:
    """Return a share of treated subjects; raise BadParameter if it is not possible."""
    if not 0 <= value <= MAX_PROPENSITY:
        raise typer.BadParameter(f"must be a share from 0 to {MAX_PROPENSITY:g}, such as 0.6; leave it out if unknown")
    return value


def _finding(value: str | None) -> str | None:
    """Return the id of a finding; raise BadParameter for another text."""
    if value is not None and not _is_finding(value):
        raise typer.BadParameter(
            "must be the id of a finding, such as fnd- with 32 digits; `vigil models findings` lists them"
        )
    return value


def compare_command(name: ModelName, keys_folder: KeysFolder = None) -> None:
    """Compare the answers of challenger and champion to the newest requests of all tenants."""
    from vigil.bootstrap import prediction

    found = prediction.trials(publisher(keys_folder)).compare(name)
    table = Table(show_header=False, title=f"{name}: version {found.challenger} against version {found.champion}")
    for row in _rows(found):
        table.add_row(*row)
    out.print(table)


def retrain_command(
    name: Annotated[str, typer.Argument(help="Name of a model whose recipe can retrain")],
    since: Annotated[datetime, typer.Option(help="Use outcomes received since this day, UTC", formats=["%Y-%m-%d"])],
    tenant: Annotated[
        list[str] | None, typer.Option(help="Use outcomes of this tenant; may be repeated. Default: the demo tenants")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the training")] = 1,
    propensity: Annotated[
        float,
        typer.Option(
            "--weigh-treated",
            callback=_propensity,
            help="Share of the high-risk decisions whose subjects were treated: the untreated ones then stand in for "
            "them. Treated outcomes are left out in any case",
        ),
    ] = 0.0,
    answers: Annotated[
        str | None,
        typer.Option(callback=_finding, help="Id of the finding that the challenger answers, for its model card"),
    ] = None,
    keys_folder: KeysFolder = None,
) -> None:
    """Train a challenger on recipe data and outcomes, compare it with the champion, and start its trial.

    The challenger is not published if a feature leaks the label, or if its calibration is significantly worse. An open
    finding that blocks promotions of the model refuses the training.
    """
    from cli.retraining import RetrainingOrder, retrain

    deployment.activate()
    tenants = tenant or deployment.demo_tenant_ids()
    order = RetrainingOrder(name, since.replace(tzinfo=UTC), tenants, seed, propensity, answers)
    version = retrain(order, keys_folder)
    out.print(
        Text.assemble((name, "bold"), f" version {version} is published as challenger; the champion still decides")
    )


def rollback_command(
    name: ModelName,
    version: Annotated[int, typer.Argument(help="Version to return to")],
    valid_days: Annotated[int, typer.Option(help="Validity of the new version in days")] = 365,
    publish_only: Annotated[
        bool, typer.Option("--publish-only", help="Leave the promotion to the runbook of a model failure")
    ] = False,
    keys_folder: KeysFolder = None,
) -> None:
    """Return to an old version: publish and promote its files under the next version number."""
    number = sign_again(name, version, timedelta(days=valid_days), keys_folder)
    if publish_only:
        text = f" version {number} is published, the same model as version {version}; the champion is unchanged"
    else:
        publisher(keys_folder).promote(name, number)
        text = f" champion is now version {number}, the same model as version {version}"
    out.print(Text.assemble((name, "bold"), text))


def sign_again(name: str, version: int, valid: timedelta, keys_folder: "Path | None" = None) -> int:
    """Publish the files of an old version under the next version number, and return that number."""
    from cli.training import write_package

    package_publisher = publisher(keys_folder)
    files = package_publisher.reissue(name, version, keys.load_signing_key(key_folder(keys_folder)), valid)
    published = package_publisher.publish(files)
    # Stored with the trained packages, so that the next training takes the next number.
    write_package(deployment.state_folder() / "packages" / name, published.version, files)
    return published.version


def withdraw_command(
    name: ModelName,
    alias: Annotated[
        str, typer.Option(help="challenger (ends its trial) or champion (ends its service)")
    ] = "challenger",
    keys_folder: KeysFolder = None,
) -> None:
    """End the trial of the challenger, or take the champion and thus the model out of service within a minute."""
    pointer = publisher(keys_folder).withdraw(name, alias)
    ends = "; the model is out of service until a version is promoted" if alias == "champion" else ""
    out.print(
        Text.assemble((name, "bold"), f" version {pointer.version} is no longer the {alias}{ends}"), soft_wrap=True
    )


def _rows(found: "TrialReport") -> list[tuple[str, str]]:
    return [
        ("requests answered by both", str(found.pairs)),
        ("requests answered by one only", str(found.unanswered)),
        ("subjects", str(found.subjects)),
        ("difference in probability (95 %)", _interval(found.difference)),
        ("share of decisions changed (95 %)", _interval(found.changed)),
        ("verdict of outcomes", _verdict(found.outcomes)),
        ("difference in Brier score (95 %)", _interval(found.outcomes.brier_difference if found.outcomes else None)),
    ]


def _verdict(evidence: "TrialEvidence | None") -> str:
    if evidence is None:
        return "not possible: the model's label has no horizon"
    if evidence.labelled is None:
        return "undecided: fewer than 11 subjects have a final label"
    chances = f"evidence {evidence.better:.3g} for better, {evidence.worse:.3g} for worse; 20 decides"
    return f"{evidence.verdict} ({evidence.labelled} subjects, {chances})"


def _interval(interval: "MeanInterval | None") -> str:
    if interval is None:
        return "no pair yet"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:+.4f} (too few subjects for an interval)"
    return f"{interval.mean:+.4f} ({interval.low:+.4f} to {interval.high:+.4f})"
