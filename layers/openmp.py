"""Gives the installed lightgbm package an OpenMP runtime where the machine has none: `python layers/openmp.py`.

LightGBM's wheel expects libgomp from the system, and a bare machine (no compiler) has none. The scoring layer carries
one beside a library that finds it there; both are copied into the package. Where lightgbm loads, nothing is done.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

BUILD = Path(__file__).with_name("build.py")


def main() -> None:
    """Complete the package of this environment, if it needs it."""
    spec = find_spec("lightgbm")
    if spec is None or spec.origin is None:
        raise SystemExit("lightgbm is not installed here")
    library = Path(spec.origin).parent / "lib" / "lib_lightgbm.so"
    try:
        ctypes.CDLL(str(library))
    except OSError:
        with tempfile.TemporaryDirectory() as work:
            environment = os.environ | {"VIGIL_BUILD": "local"}
            subprocess.run([sys.executable, BUILD, "scoring", work], env=environment, check=True)
            for file in Path(work, "python", "vigil_native").glob("lib*.so*"):
                draft = library.with_name(f"{file.name}.new")
                shutil.copy2(file, draft)
                draft.replace(library.with_name(file.name))  # never into a file that uv shares with its cache


if __name__ == "__main__":
    main()
