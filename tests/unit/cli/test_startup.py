"""A command starts with light imports only: each one is a new process."""

import subprocess
import sys

HEAVY = ("lightgbm", "matplotlib", "numpy", "scipy", "sklearn")


def test_command_line_starts_without_training_libraries():
    script = f"import sys, cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
