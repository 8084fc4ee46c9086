"""Loaded by every Python under `faketime`: a sleep that works while the monotonic clock is real.

libfaketime 0.9.10 translates the end of a sleep even then, so that `clock_nanosleep` fails with EINVAL.
"""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
