"""Tests of `vigil models` from key to champion, on a real recipe, with AWS in process."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import models
from cli.main import app
from cli.trained_models import trained_model
from models import recipe
from vigil.errors import InvalidInput

pytestmark = pytest.mark.usefixtures("deployed")
NAME = "wdbc"


def run(*arguments):
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Create a state folder with a key and one trained package."""
    home, environment = tmp_path_factory.mktemp("home"), pytest.MonkeyPatch()
    with environment.context() as patch:
        patch.setenv("VIGIL_HOME", str(home))
        assert run("keygen").exit_code == 0
        assert run("train", NAME).exit_code == 0
    return home


@pytest.fixture
def deployed(home, tmp_path, s3, monkeypatch):
    """Return a copy of the state folder, for a deployment without models."""
    copy = shutil.copytree(home, tmp_path / "home")
    monkeypatch.setenv("VIGIL_HOME", str(copy))
    monkeypatch.setenv("VIGIL_STAGE", "local")
    monkeypatch.setenv("VIGIL_REGISTRY_TABLE", "registry")
    monkeypatch.setenv("VIGIL_PACKAGES_BUCKET", "packages")
    monkeypatch.setenv("VIGIL_DECISIONS_TABLE", "decisions")
    monkeypatch.setenv("VIGIL_OUTCOMES_TABLE", "outcomes")
    monkeypatch.setenv("VIGIL_MONITORING_TABLE", "monitoring")
    return copy


@pytest.fixture
def package(deployed) -> Path:
    return deployed / "packages" / NAME / "00000001"


def test_verification_of_a_trained_package_shows_its_metrics(package):
    result = run("verify", package)
    assert result.exit_code == 0, result.output
    assert f"{NAME} version 1: verified" in result.output
    assert "auc" in result.output


def test_verification_shows_groups_and_the_reference(package):
    rows = {line.split("│")[1].strip(): line for line in run("verify", package).output.splitlines() if "│" in line}
    assert "none" in rows["groups"]
    assert "342 held-out rows, without dates" in rows["reference"]


def test_a_missing_or_changed_reference_is_refused(package):
    file = package / "reference.json"
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"rows":342', b'"rows":343'))
    assert "digest_mismatch: reference.json is not the signed file" in run("verify", package).output
    file.unlink()
    assert "reference.json does not exist" in run("verify", package).output


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "lgbm.txt").write_bytes(b"tree"), "digest_mismatch"),
        (lambda folder: (folder / "card.md").unlink(), "missing_file"),
        (lambda folder: (folder / "manifest.sig").write_bytes(bytes(5000)), "oversized"),
    ],
    ids=["digest_mismatch", "missing_file", "oversized"],
)
def test_a_manipulated_package_is_refused_with_its_reason(package, spoil, reason):
    spoil(package)
    for command in ("verify", "publish"):
        result = run(command, package)
        assert result.exit_code == 1
        assert reason in result.output
        assert "Traceback" not in result.output
    assert NAME not in run("list").output


def test_unchanged_training_is_skipped_unless_forced(package):
    result = run("train", NAME)
    assert (result.exit_code, "up to date" in result.output) == (0, True), result.output
    assert run("train", NAME, "--force").exit_code == 0
    first, second = sorted(package.parent.glob("0*[0-9]"))
    assert second.name == "00000002"
    assert (first / "lgbm.txt").read_bytes() == (second / "lgbm.txt").read_bytes()


def test_concurrent_runs_train_once(deployed):
    def train(_):
        return models.train(NAME, packages=deployed / "others").reused

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(train, range(3))) == [False, True, True]


@pytest.mark.parametrize(
    "change",
    [
        lambda home: ["--seed", "2"],
        lambda home: run("keygen", "--rotate") and [],
        lambda home: (home / "packages" / NAME / "00000001" / "card.md").write_text("# Other") and [],
    ],
    ids=["seed", "key", "spoilt package"],
)
def test_training_is_not_skipped_if_the_result_would_differ(deployed, change):
    assert models.train(NAME, seed=1).reused
    options = change(deployed)
    result = run("train", NAME, *options)
    assert (result.exit_code, "version 2 trained" in result.output) == (0, True), result.output


def test_an_unknown_recipe_is_refused_with_the_known_names():
    result = run("train", "nothing")
    assert result.exit_code == 1
    assert NAME in result.output


def test_a_promoted_package_is_listed_as_champion(package):
    assert run("publish", package).exit_code == 0
    assert "champion" not in run("list").output
    assert run("promote", NAME, 1).exit_code == 0
    listed = run("list").output
    assert "champion" in listed
    assert models.verify(package).digest[7:15] in listed


def test_publishing_and_promoting_can_be_repeated(package):
    for _ in range(2):
        assert run("publish", package).exit_code == 0
        assert run("promote", NAME, 1).exit_code == 0


def test_an_older_version_is_not_promoted(package):
    newer = models.train(NAME, force=True)
    models.publish(package)
    models.publish(newer.folder)
    models.promote(NAME, newer.version)
    result = run("promote", NAME, 1)
    assert (result.exit_code, "rolled_back" in result.output) == (1, True)


def test_an_unpublished_version_is_not_promoted():
    result = run("promote", NAME, 1)
    assert (result.exit_code, "no such version" in result.output) == (1, True)


def test_a_challenger_is_listed_with_its_share_and_withdrawn(package):
    newer = models.train(NAME, force=True)
    for folder in (package, newer.folder):
        models.publish(folder)
    models.promote(NAME, 1)
    assert run("promote", NAME, newer.version, "--alias", "challenger", "--share", 50).exit_code == 0
    assert "challenger for 50" in run("list").output
    compared = run("compare", NAME)
    assert (compared.exit_code, "no pair yet" in compared.output) == (0, True), compared.output
    assert run("withdraw", NAME).exit_code == 0
    assert "challenger" not in run("list").output


def test_a_champion_is_withdrawn_and_promoted_again(package):
    models.publish(package)
    models.promote(NAME, 1)
    assert run("withdraw", NAME).exit_code == 1
    assert "champion" in run("list").output
    result = run("withdraw", NAME, "--alias", "champion")
    assert (result.exit_code, "out of service" in result.output) == (0, True), result.output
    assert "champion" not in run("list").output
    assert run("promote", NAME, 1).exit_code == 0
    assert "champion" in run("list").output


@pytest.mark.parametrize("name", ["diabetes_progression", "d" * 33, "Diabetes", "1d"])
def test_a_name_that_no_model_can_have_is_refused_before_training(name, monkeypatch):
    monkeypatch.setattr(recipe, "recipe_names", lambda: [name])
    result = run("train", name)
    assert result.exit_code == 1
    assert "lower-case letters, digits and hyphens" in result.output
    assert "rename its folder" in result.output
    with pytest.raises(InvalidInput):
        trained_model(name, 1, lambda _step, _done: None)


def test_a_rollback_promotes_the_old_files_as_the_next_version(package, deployed):
    newer = models.train(NAME, force=True)
    for folder in (package, newer.folder):
        models.publish(folder)
        models.promote(NAME, int(folder.name))
    result = run("rollback", NAME, 1)
    assert (result.exit_code, "version 3" in result.output) == (0, True), result.output
    again = deployed / "packages" / NAME / "00000003"
    assert models.verify(again).version == 3
    assert (again / "card.md").read_bytes() == (package / "card.md").read_bytes()
    assert models.train(NAME).version == 4


def test_a_rollback_to_an_unknown_version_is_refused():
    result = run("rollback", NAME, 7)
    assert (result.exit_code, "no such version" in result.output) == (1, True)
