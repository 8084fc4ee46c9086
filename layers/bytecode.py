"""Bytecode of layers: finds a Python of Lambda's version that compiles them, and checks that every module is compiled.

`python3 layers/bytecode.py FOLDER` checks the layers of a build. It is the last step of `make build-aws`, and its last
line says what was compiled. It fails where `CI` is set and a module has no bytecode. The script needs only the standard
library.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

if not __package__:  # run as a script: the path has this folder instead of the checkout
    sys.path.append(str(Path(__file__).resolve().parents[1]))
from layers import arm_root

_VERSION = "import sys; print('{}.{}'.format(*sys.version_info), sys.implementation.name)"
_LAYER = "python"
REMEDY = "install one, or `apt-get install debootstrap qemu-user-static` and run `python3 layers/arm_root.py`"


def find_compiler(version: str, uv: str) -> tuple[str, ...] | None:
    """Return the command of a CPython of a version, such as `3.13`, or None if this machine has none.

    Bytecode is the same on every processor, so Debian's arm64 Python under qemu is as good as the machine's own.
    """
    for command in _candidates(version, uv):
        if _is_cpython(command, version):
            return command
    return None


def count_modules(folder: Path, version: str) -> tuple[int, int]:
    """Return the number of compiled modules and of all modules in the layers under a folder.

    A layer is a folder named `python`. The handlers of functions are a few lines and have no bytecode.
    """
    tag = f"cpython-{version.replace('.', '')}"
    layers = [folder] if folder.name == _LAYER else folder.rglob(_LAYER)
    modules = [file for layer in layers for file in layer.rglob("*.py") if file.is_file()]
    compiled = [file for file in modules if (file.parent / "__pycache__" / f"{file.stem}.{tag}.pyc").is_file()]
    return len(compiled), len(modules)


def report(folder: Path, version: str) -> str:
    """Return the sentence about the bytecode of a build; raise SystemExit where `CI` is set and some is missing."""
    compiled, modules = count_modules(folder, version)
    if compiled == modules > 0:
        return f"All {modules} modules of the layers have bytecode of Python {version}."
    sentence = (
        f"{modules - compiled} of {modules} modules of the layers have no bytecode of Python {version}. "
        f"Functions start slower. No CPython {version} was found: {REMEDY}, and build again."
    )
    if os.environ.get("CI"):
        raise SystemExit(sentence)
    return sentence


def _candidates(version: str, uv: str) -> Iterator[tuple[str, ...]]:
    finding = [uv, "python", "find", "--no-project", "--no-python-downloads", version]
    # uv ends with an error at a shim of pyenv that does not run.
    if found := subprocess.run(finding, capture_output=True, text=True, check=False).stdout.strip():
        yield (found,)
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if on_path := shutil.which(f"python{version}", path=folder):
            yield (on_path,)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for versions in (pyenv, Path(sys.base_prefix).parent):  # the second one: those beside the running Python
        for python in sorted(versions.glob(f"{version}.*/bin/python{version}")):
            yield (str(python),)
    if emulated := arm_root.existing_interpreter():
        yield emulated


def _is_cpython(command: tuple[str, ...], version: str) -> bool:
    """Return True if a command runs CPython of a version; a shim of pyenv may exist and not run."""
    try:
        done = subprocess.run([*command, "-I", "-c", _VERSION], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.split() == [version, "cpython"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.stdout.write(report(Path(sys.argv[1]), "3.13") + "\n")
