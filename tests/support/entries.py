"""The Lambda entry of each function, found by the folder of the function, and the settings that an entry may need."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path

from vigil.bootstrap.process import Entry
from vigil.runtime.settings import Settings, SettingsError

FUNCTIONS = Path(__file__).parents[2] / "functions"
NAMES = tuple(sorted(handler.parent.name for handler in FUNCTIONS.glob("*/handler.py")))
_START = re.compile(r"^on_lambda\((\w+)\.(\w+)\)$", re.MULTILINE)


@cache
def entry(function: str) -> Entry:
    """Return the entry that the handler of a function starts."""
    ((district, name),) = _START.findall((FUNCTIONS / function / "handler.py").read_text())
    found: Entry = getattr(import_module(f"vigil.bootstrap.{district}"), name)
    return found


def _is_required(name: str) -> bool:
    try:
        getattr(Settings("local"), name)
    except SettingsError:
        return True
    return False


REQUIRED = frozenset(name for name in Settings.__slots__ if _is_required(name))
"""Settings without a default."""
