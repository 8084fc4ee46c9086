"""Adds an OpenMP runtime to the installed lightgbm package on a machine without one: `python layers/openmp.py`.

The wheel of LightGBM loads libgomp of the system, which a machine without a compiler lacks. The scoring layer has
libgomp and a LightGBM library that loads it from the same folder. The script copies both into the package. It does
nothing if lightgbm loads already.
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
    """Complete the lightgbm package of this environment if its library does not load."""
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
                draft.replace(library.with_name(file.name))  # a new file, because uv shares the old one with its cache


if __name__ == "__main__":
    main()
