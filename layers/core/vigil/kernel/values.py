"""Values that a request creates by the dozen: dataclasses whose fields mypy protects, not the interpreter.

`dataclass(frozen=True)` sets each field by a call, which takes five times as long as an assignment.
See docs/adr/0125-a-request-passes-fewer-layers.md.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True)
def value(cls: type[Class]) -> type[Class]:
    """Return the class as a dataclass with slots and a hash. mypy refuses an assignment to its fields."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
