"""Finds Vigil's own native libraries, which layers have in the folder `vigil_native`."""

from importlib.util import find_spec
from pathlib import Path


def find_library(file: str) -> Path | None:
    """Return the path of a library, or None if no attached layer has it.

    Layers are found through `sys.path`, because Lambda and local stacks unpack them to different folders.
    """
    layers = find_spec("vigil_native")
    folders = (layers and layers.submodule_search_locations) or ()
    return next((path for folder in folders if (path := Path(folder, file)).is_file()), None)
