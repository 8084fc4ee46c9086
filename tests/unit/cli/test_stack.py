"""The build of the embedded stack, which all stacks of a checkout share."""

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from cli import stack
from cli.checkout import CommandFailed
from cli.stack import KEPT_BUILDS, Stack


@pytest.fixture
def sources(monkeypatch):
    """Function that sets the fingerprint of the sources."""
    change = lambda text: monkeypatch.setattr(stack, "source_fingerprint", lambda: text)  # noqa: E731
    change("first")
    return change


class Sam:
    """SAM CLI that writes a build of two districts with a layer, and ends with an exit code."""

    def __init__(self):
        self.code = 0
        self.builds = 0

    def run(self, command, **options):
        build = Path(command[command.index("--build-dir") + 1])
        for district in ("Access", "Money"):
            (build / district / "CoreLayer" / "python").mkdir(parents=True)
            (build / district / "CoreLayer" / "python" / "module.py").write_text("x = 1\n")
            (build / district / "template.yaml").write_text("    Properties:\n      ContentUri: CoreLayer\n")
        self.builds += 1
        return subprocess.CompletedProcess(command, self.code, "", "")


@pytest.fixture
def sam(monkeypatch):
    fake = Sam()
    monkeypatch.setattr(stack, "tool_python", Path)
    monkeypatch.setattr(stack, "uv", lambda: "uv")
    monkeypatch.setattr(stack.subprocess, "run", fake.run)
    return fake


def test_a_second_stack_of_the_same_sources_reuses_the_build(tmp_path_factory, sources, sam):
    one, two, builds = (tmp_path_factory.mktemp(name) for name in ("one", "two", "builds"))
    folder, ran = Stack(one).build(builds)
    assert (ran, folder.is_dir()) == (True, True)
    assert Stack(two).build(builds) == (folder, False)
    assert sam.builds == 1


def test_changed_sources_are_built_and_the_build_before_them_stays(tmp_path, sources, sam):
    folders = []
    for text in ("first", "second", "third"):
        sources(text)
        folders.append(Stack(tmp_path).build(tmp_path / "builds")[0])
    assert [folder.is_dir() for folder in folders] == [False, True, True]
    assert len([*(tmp_path / "builds").iterdir()]) == KEPT_BUILDS


def test_a_failed_build_is_repeated(tmp_path, sources, sam):
    sam.code = 1
    with pytest.raises(CommandFailed):
        Stack(tmp_path).build(tmp_path / "builds")
    sam.code = 0
    assert Stack(tmp_path).build(tmp_path / "builds")[1]


def test_the_templates_of_a_build_name_one_archive_of_a_layer(tmp_path, sources, sam):
    folder, _ = Stack(tmp_path).build(tmp_path / "builds")
    assert not [*folder.glob("*/CoreLayer")]
    named = {template.parent / template.read_text().split()[-1] for template in folder.glob("*/template.yaml")}
    assert {path.resolve() for path in named} == {(folder / "CoreLayer.zip").resolve()}
    with ZipFile(folder / "CoreLayer.zip") as archive:
        assert archive.read("python/module.py") == b"x = 1\n"
