"""A model is trained once for a state of its sources."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli import trained_models
from cli.checkout import ROOT
from models import recipe
from tests.support.fakes.packages import trained


class CountedRecipe:
    def __init__(self):
        self.seeds = []

    def train(self, seed, _progress):
        self.seeds.append(seed)
        return trained()


@pytest.fixture
def counted(monkeypatch):
    counted = CountedRecipe()
    monkeypatch.setattr(recipe, "load_recipe", lambda _name: counted)
    return counted


@pytest.fixture
def train(tmp_path):
    return lambda seed=1, **more: trained_models.trained_model("wdbc", seed, print, folder=tmp_path, **more)


def test_second_training_reads_the_equal_model(counted, train):
    assert train() == train() == trained()
    assert counted.seeds == [1]


def test_many_trainings_at_once_train_once(counted, train):
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(train, [1] * 8)) == [trained()] * 8
    assert counted.seeds == [1]


def test_another_seed_and_force_train_anew(counted, train):
    train(1)
    train(2)
    train(1, force=True)
    assert counted.seeds == [1, 2, 1]


def test_changed_source_trains_anew_and_deletes_the_old_file(counted, train, tmp_path, monkeypatch):
    train()
    monkeypatch.setattr(trained_models, "recipe_fingerprint", lambda _name: "changed")
    train()
    assert counted.seeds == [1, 1]
    assert [path.name for path in tmp_path.glob("*.json")] == ["wdbc-1-changed.json"]


def test_torn_file_trains_anew(counted, train, tmp_path):
    train()
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(file.read_bytes()[:100])
    assert train() == trained()
    assert counted.seeds == [1, 1]


def test_every_module_that_recipes_import_is_in_the_fingerprint():
    script = """
import sys
from importlib import import_module
for name in sys.argv[1:]:
    import_module(f"models.{name}.recipe")
for module in sys.modules.values():
    print(getattr(module, "__file__", None))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *recipe.recipe_names()], cwd=ROOT, capture_output=True, check=True
    )
    imported = {Path(line) for line in done.stdout.decode().splitlines() if Path(line).is_relative_to(ROOT)}
    own = {path for path in imported if not {"site-packages", "tests"} & {*path.parts} and path.name != "__init__.py"}
    sources = {source for name in recipe.recipe_names() for source in trained_models.source_paths(name)}
    missing = [path for path in own if not any(path.is_relative_to(source) for source in sources)]
    assert len(own) > 20
    assert missing == []


def test_source_that_moved_is_an_error(monkeypatch):
    monkeypatch.setattr(trained_models, "SHARED_SOURCES", ("layers/core/vigil/no-such-room",))
    with pytest.raises(FileNotFoundError, match="no-such-room"):
        trained_models.recipe_fingerprint("wdbc")
