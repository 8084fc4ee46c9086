"""Native libraries of a checkout, compiled once per state of their sources (on AWS, a layer has them)."""

import os
import sys
from functools import cache

from cli.checkout import CommandFailed, uv
from layers import build


@cache
def add_to_path() -> list[str]:
    """Add the folders of the native libraries to the import path and return them.

    Raises CommandFailed if compiling fails.
    """
    os.environ.setdefault("UV", uv())
    try:
        folders = [str(build.own(build.target_of("local"), layer)) for layer in build.OWN_LIBRARIES]
    except SystemExit as error:
        raise CommandFailed(str(error)) from error
    sys.path += folders
    return folders
