"""All layers for both targets, built once through their Makefiles, as `sam build` does."""

import os
import shutil
import subprocess
import sys

import pytest

from cli.checkout import ROOT, uv
from layers import arm_root, build
from tests.support.arm import skip
from tests.support.faultbed.bed import running


@pytest.fixture(scope="session")
def build_layer():
    """Return a function (target, layer, folder) that builds a layer into a new folder; more settings are optional."""

    def make(target, layer, folder, **more):
        folder.mkdir()
        settings = {"VIGIL_BUILD": target, "VIGIL_PYTHON": sys.executable, "ARTIFACTS_DIR": str(folder), "UV": uv()}
        subprocess.run(
            [shutil.which("make"), "--makefile", ROOT / f"layers/{layer}/Makefile", f"build-{layer.title()}Layer"],
            env={**os.environ, **settings, **more},
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return folder / "python"

    return make


@pytest.fixture(scope="session")
def layers(build_layer, tmp_path_factory):
    """Return the `python` folder of each (target, layer)."""
    work = tmp_path_factory.mktemp("layers")
    jobs = [(target, layer) for target in ("aws", "local") for layer in build.BUILDERS]
    return {(target, layer): build_layer(target, layer, work / f"{target}-{layer}") for target, layer in jobs}


@pytest.fixture(scope="session")
def bed():
    """Return a MiniStack without the deployment. A start costs five CPU seconds; each test names its own resources."""
    with running("deploy") as started:
        yield started


@pytest.fixture(scope="session")
def qemu():
    """Return the emulator of arm64 programs; without one, the test names the reason."""
    try:
        return arm_root.qemu()
    except arm_root.CannotRun as reason:
        skip(str(reason))


@pytest.fixture(scope="session")
def arm_python():
    """Return the command of Debian's arm64 Python; without one, the test names the reason."""
    try:
        return arm_root.interpreter()
    except arm_root.CannotRun as reason:
        skip(str(reason))
