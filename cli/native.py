"""Our own native code in a checkout, where no layer is attached: compiled once for each state of its sources."""

import os
import sys
from functools import cache
from pathlib import Path

from cli.checkout import CommandFailed, uv
from layers import build


@cache
def provide() -> Path:
    """Let this process find the tree library, and return its folder; raise CommandFailed if it cannot be compiled."""
    os.environ.setdefault("UV", uv())
    try:
        folder = build.trees(build.target_of("local"))
    except SystemExit as error:
        raise CommandFailed(str(error)) from error
    sys.path.append(str(folder))
    return folder
