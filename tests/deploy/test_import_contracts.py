"""The contracts of import-linter in pyproject.toml hold, and each of them finds a planted import."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Without the paths of the installed checkout, because `cli` and `functions` are namespaces that would join its folders.
LINT = """
import sys
from importlinter.cli import lint_imports
sys.path = [sys.argv[1] + "/layers/core", sys.argv[1], *(path for path in sys.path if path not in sys.argv[2:])]
sys.exit(lint_imports(no_cache=True))
"""
PLANTED = {
    "layers/core/vigil/access/quota/model.py": "from vigil.money.usage.model import CATEGORIES",
    "layers/core/vigil/access/tenants/service.py": "def f():\n    from vigil.access.keys.service import Keys",
    "layers/core/vigil/bootstrap/stores.py": "def f():\n    from vigil.bootstrap import decisions",
    "layers/core/vigil/kernel/time.py": "from vigil.runtime import correlation",
    "layers/core/vigil/newcomer.py": "",
    "cli/checkout.py": "def f():\n    from cli import emulator",
    "functions/scoring_api/handler.py": "from cli import checkout",
    "models/parts.py": "def f():\n    from cli import checkout",
}
"""Files and the lines that are appended to them."""


def lint(root):
    installed = [str(ROOT), str(ROOT / "layers/core")]
    return subprocess.run(
        [sys.executable, "-P", "-c", LINT, root, *installed],
        check=False, capture_output=True, text=True, cwd=root, env=os.environ | {"COLUMNS": "300"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the output of the linter for a copy of the sources with the planted imports."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", root)
    for folder in ("layers/core/vigil", "cli", "functions", "models", "benchmarks"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file, lines in PLANTED.items():
        with (root / file).open("a") as source:
            source.write(f"\n{lines}\n")
    done = lint(root)
    assert done.returncode == 1, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_the_contracts_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "finding",
    [
        "vigil.access is not allowed to import vigil.money",
        "vigil.kernel is not allowed to import vigil.runtime",
        "No cycles are allowed in vigil.access.",
        "No cycles are allowed in vigil.bootstrap.",
        "No cycles are allowed in cli.",
        "functions is not allowed to import cli",
        "models is not allowed to import cli",
        "newcomer",
    ],
)
def test_a_planted_import_is_found(found, finding):
    assert finding in found
