"""Native libraries of a checkout, compiled once per state of their sources (on AWS, a layer has them)."""

import os
import sys
from functools import cache
from pathlib import Path

from cli.checkout import CommandFailed, uv
from layers import build


@cache
def add_to_path() -> Path:
    """Add the native libraries to the import path and return their folder; raise CommandFailed if compiling fails."""
    os.environ.setdefault("UV", uv())
    try:
        folder = build.own(build.target_of("local"))
    except SystemExit as error:
        raise CommandFailed(str(error)) from error
    sys.path.append(str(folder))
    return folder
