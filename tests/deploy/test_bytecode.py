"""Bytecode of the layers: whole, not compared with its source, and compiled by the right Python."""

from dataclasses import replace

import pytest

from cli.checkout import uv
from layers import build, bytecode
from tests.support.arm import skip


def test_local_bytecode_is_not_checked_against_its_source(layers):
    core = layers["local", "core"]
    sources = [path for path in core.rglob("*.py") if path.stat().st_size]
    compiled = list(core.rglob("*.pyc"))
    assert len(compiled) >= len(sources) > 500
    for path in compiled:
        with path.open("rb") as file:
            assert int.from_bytes(file.read(8)[4:], "little") == 0b01, path


def test_every_module_of_the_aws_layer_has_bytecode(layers):
    if bytecode.find_compiler(build.AWS_PYTHON, uv()) is None:
        skip(f"no CPython {build.AWS_PYTHON}: {bytecode.REMEDY}")
    compiled, modules = bytecode.count_modules(layers["aws", "core"], build.AWS_PYTHON)
    assert compiled == modules > 500
    for path in layers["aws", "core"].rglob("*.pyc"):
        with path.open("rb") as file:
            assert int.from_bytes(file.read(8)[4:], "little") == 0b01, path  # not compared with its source


@pytest.fixture
def half_compiled(tmp_path):
    """A folder with one compiled module of two."""
    for name in ("handler.py", "python/a.py", "python/b.py", "python/__pycache__/a.cpython-313.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_build_without_bytecode_says_so_and_fails_in_ci(half_compiled, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    assert "1 of 2 modules of the layers have no bytecode of Python 3.13" in bytecode.report(half_compiled, "3.13")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match="1 of 2 modules"):
        bytecode.report(half_compiled, "3.13")
    (half_compiled / "python" / "b.py").unlink()
    assert bytecode.report(half_compiled, "3.13") == "All 1 modules of the layers have bytecode of Python 3.13."


def test_a_missing_compiler_fails_the_build_in_ci(monkeypatch):
    monkeypatch.setattr(bytecode, "find_compiler", lambda *_: None)
    target = replace(build.target_of("aws"), python="3.0")
    monkeypatch.delenv("CI", raising=False)
    assert build.bytecode_python(target) is None
    build.bytecode_python.cache_clear()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match=r"No CPython 3\.0 was found"):
        build.bytecode_python(target)


def test_a_broken_shim_hides_no_other_interpreter(monkeypatch, tmp_path):
    (shim := tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    (home := tmp_path / "pyenv/versions/3.13.9/bin").mkdir(parents=True)
    (real := home / "python3.13").write_text("#!/bin/sh\necho 3.13 cpython\n")
    real.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert bytecode.find_compiler("3.13", "false") == (str(real),)
