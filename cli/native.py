"""Our own native code in a checkout, where no layer is attached: compiled once for each state of its sources."""

import os
import sys
from functools import cache
from pathlib import Path

from cli.checkout import CommandFailed, uv
from layers import build


@cache
def provide() -> Path:
    """Let this process find our own libraries, and return their folder; raise CommandFailed if they do not compile."""
    os.environ.setdefault("UV", uv())
    try:
        folder = build.own(build.target_of("local"))
    except SystemExit as error:
        raise CommandFailed(str(error)) from error
    sys.path.append(str(folder))
    return folder
