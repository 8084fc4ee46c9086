"""`vigil models`: train, verify, publish, promote and list model packages."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from cli import deployment, keys
from cli.tables import TableConsole
from vigil.prediction.packages.ports import PublishedVersion

if TYPE_CHECKING:
    from cli.training import Trained
    from vigil.prediction.engines.ensemble import Abstention
    from vigil.prediction.packages.loaded import LoadedModel
    from vigil.prediction.packages.ports import Pointer
    from vigil.prediction.packages.publishing import Publisher
    from vigil.prediction.packages.reference_model import Reference

# Only commands that run a model import the engine, because it loads native code.

app = typer.Typer(no_args_is_help=True, help="Train, verify, publish, promote and compare model packages.")
out = TableConsole()
Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of a model package")]
ModelName = Annotated[str, typer.Argument(help="Name of the model")]
Version = Annotated[int, typer.Argument(help="Number of a published version")]
KeysFolder = Annotated[Path | None, typer.Option("--keys", help="Folder of the signing keys. Default: .vigil/keys")]


@app.command("keygen")
def keygen_command(
    keys_folder: KeysFolder = None,
    rotate: Annotated[bool, typer.Option(help="Replace the key; deployments still trust the previous one")] = False,
) -> None:
    """Create an Ed25519 key that signs packages, and the file of public keys that deployments pin."""
    folder = key_folder(keys_folder)
    key = keys.create_signing_key(folder, rotate=rotate)
    deploy = f" in {folder}; deploy {keys.PUBLIC} as VIGIL_MODEL_KEYS"
    out.print(Text.assemble("created key ", (key.key_id, "bold"), deploy))


@app.command("train")
def train_command(
    name: Annotated[str, typer.Argument(help="Name of a folder of models/ with a recipe")],
    seed: Annotated[int, typer.Option(help="Seed of the training")] = 1,
    packages: Annotated[
        Path | None, typer.Option("--out", help="Folder of all packages. Default: .vigil/packages")
    ] = None,
    keys_folder: KeysFolder = None,
    force: Annotated[bool, typer.Option(help="Train even if the last version is up to date")] = False,
) -> None:
    """Train a model and sign its package as the next version, unless the last version is up to date."""
    trained = train(name, seed=seed, packages=packages, keys_folder=keys_folder, force=force)
    verb = "is up to date (--force trains anyway):" if trained.reused else "trained:"
    out.print(Text.assemble((name, "bold"), f" version {trained.version} {verb} {trained.folder}"), soft_wrap=True)
    if trained.never_missing:
        names = ", ".join(trained.never_missing)
        out.print(f"never missing in training, although a caller may leave them out: {names}", soft_wrap=True)
    for engine, why in trained.unpacked.items():
        out.print(f"{engine} is scored by the LightGBM library: {why}", soft_wrap=True)


def train(
    name: str,
    *,
    seed: int = 1,
    packages: Path | None = None,
    keys_folder: Path | None = None,
    force: bool = False,
) -> "Trained":
    """Train a model with a progress bar; return the package."""
    from cli.training import Training
    from cli.training import train as run

    key = keys.load_signing_key(key_folder(keys_folder))
    training = Training(name, packages or deployment.state_folder() / "packages", seed)
    with progress_bar(name) as progress:
        return run(training, key, progress, force=force)


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar; yield a function that takes the name of a step and the fraction done (0 to 1)."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task(name, total=1.0)
        yield lambda step, done: bar.update(task, description=f"{name}: {step}", completed=done)


@app.command("verify")
def verify_command(folder: Folder, keys_folder: KeysFolder = None) -> None:
    """Run every check of the service on a package; exit with code 0 only if the service would accept it."""
    model = verify(folder, keys_folder=keys_folder)
    table = Table(
        "",
        Column(overflow="fold", max_width=80),
        title=f"{model.name} version {model.version}: verified",
        show_header=False,
    )
    manifest, contract = model.manifest, model.contract
    rows = {
        "digest": model.digest,
        "signed by": manifest.key_id,
        "valid until": manifest.expires_at,
        "label": f"{contract.label.name} (version {contract.label.version})",
        "features": str(len(contract.features)),
        "never missing in training": ", ".join(model.never_missing_names) or "none of those that may be missing",
        "engines": ", ".join(f"{engine.name} ({engine.kind.replace('_', ' ')})" for engine in contract.engines),
        "guarantee": _guarantee(contract.abstention),
        "bands": ", ".join(f"{band.name} from {band.lower:g}" for band in contract.bands),
        "trained on": f"{contract.training.rows} {'simulated' if contract.training.simulated else 'real'} rows",
        "groups": ", ".join(f"{group.name} ({', '.join(group.values)})" for group in contract.groups) or "none",
        "reference": _reference(model.reference),
        **_metrics(contract.metrics),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    out.print(table)


def verify(folder: Path, *, keys_folder: Path | None = None) -> "LoadedModel":
    """Return the verified model of a package folder; raise ModelRefused."""
    from cli.training import read_package, verify_files

    return verify_files(read_package(folder), keys.load_public_keys(key_folder(keys_folder)))


@app.command("publish")
def publish_command(folder: Folder, keys_folder: KeysFolder = None) -> None:
    """Verify a package and publish it as an immutable version. Safe to repeat."""
    published = publish(folder, keys_folder=keys_folder)
    version = f" version {published.version} {published.digest}"
    out.print(Text.assemble("published ", (published.name, "bold"), version), soft_wrap=True)


def publish(folder: Path, *, keys_folder: Path | None = None) -> PublishedVersion:
    """Publish a package folder to the current deployment and return the version."""
    from cli.training import read_package

    return publisher(keys_folder).publish(read_package(folder))


@app.command("promote")
def promote_command(
    name: ModelName,
    version: Version,
    alias: Annotated[str, typer.Option(help="champion (decides) or challenger (on trial)")] = "champion",
    share: Annotated[
        int, typer.Option(help="Share of subjects that the challenger decides for, per mille; 0: none (shadow)")
    ] = 0,
    keys_folder: KeysFolder = None,
) -> None:
    """Make a published version the champion or the challenger. All instances use it within a minute."""
    promoter = publisher(keys_folder)
    present = promoter.pointers(name).get(alias)
    pointer = promoter.promote(name, version, alias, share)
    if pointer == present:
        out.print(Text.assemble((name, "bold"), f" version {version} is already the {alias}; nothing changed"))
        return
    decides = "" if alias == "champion" else f", decides for {share} ‰ of the subjects"
    out.print(
        Text.assemble(
            (name, "bold"), f" {alias} is version {pointer.version}{decides}; older versions are no longer accepted"
        )
    )


def promote(
    name: str, version: int, *, alias: str = "champion", share: int = 0, keys_folder: Path | None = None
) -> "Pointer":
    """Point an alias of the current deployment at a published version and return the pointer."""
    return publisher(keys_folder).promote(name, version, alias, share)


@app.command("list")
def list_command(keys_folder: KeysFolder = None) -> None:
    """List the published versions of all models."""
    table = Table("model", "version", "alias", "digest", "AUC", "created", "valid until", "signed by", box=None)
    for listing in publisher(keys_folder).all_versions():
        version = listing.published
        auc = f"{version.metrics['auc']:.3f}" if "auc" in version.metrics else ""
        share = f" for {listing.share} ‰" if listing.share else ""
        aliases = ", ".join(listing.aliases) + share
        dates = version.created_at[:10], version.expires_at[:10]
        table.add_row(
            version.name, str(version.version), aliases, version.digest[7:15], auc, *dates, version.key_id[:8]
        )
    out.print(table)


def publisher(keys_folder: Path | None = None) -> "Publisher":
    """Return the publisher of the current deployment."""
    from cli import native
    from vigil.bootstrap import prediction

    native.add_to_path()
    deployment.activate()
    return prediction.publisher(keys.load_public_keys(key_folder(keys_folder)), prediction.promotion_blocks())


def _guarantee(rule: "Abstention | None") -> str:
    """Return the certified guarantee of the answers as text."""
    if rule is None:
        return "none (answers are marked no_calibration)"
    return f"at most {rule.alpha:g} {rule.harm} with confidence {1 - rule.delta:g}, covers {rule.coverage:.1%}"


def _reference(reference: "Reference | None") -> str:
    """Return the size and the period of a reference as text."""
    if reference is None:
        return "none (package of format 2)"
    period = f", {reference.start} to {reference.end}" if reference.start else ", without dates"
    return f"{reference.rows} held-out rows{period}"


def _metrics(metrics: Mapping[str, float]) -> dict[str, str]:
    """Return each metric as text with its interval from `<name>_low` to `<name>_high`."""
    texts = {}
    for name, value in sorted(metrics.items()):
        low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
        texts[name] = f"{value:.4g}" if low is None or high is None else f"{value:.4g} ({low:.4g} to {high:.4g})"
    return {name: text for name, text in texts.items() if name.removesuffix("_low").removesuffix("_high") == name}


def key_folder(given: Path | None) -> Path:
    """Return the given folder of keys, or the default one."""
    return given or deployment.state_folder() / "keys"
