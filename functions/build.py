"""Builds a function from its handler and the fingerprint of its layers.

SAM publishes a version and moves the alias to it when the code of a function changes, and ignores its layers. The
fingerprint turns a change of a layer into a change of code, so the alias never stays on an old layer.
"""

import hashlib
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(logical_id: str, artifacts: Path) -> None:
    """Write `handler.py` and `layers.sha256` into `artifacts`."""
    artifacts.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "functions" / folder(logical_id) / "handler.py", artifacts)
    (artifacts / "layers.sha256").write_text(fingerprint() + "\n")


def folder(logical_id: str) -> str:
    """Return the folder of a function: `scoring_api` for ScoringApi."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id).lower()


def fingerprint() -> str:
    """Return the SHA-256 of all sources of the layers."""
    digest = hashlib.sha256()
    files = (file for file in (ROOT / "layers").rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    for file in sorted([*files, ROOT / "uv.lock"]):
        digest.update(f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
