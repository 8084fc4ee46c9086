"""Values shared by several rooms: feature values, reserved column names, and the model reference of a decision."""

from dataclasses import dataclass
from typing import TypeAlias

FeatureValue: TypeAlias = float | int | bool | str | None


NAN = float("nan")


SUBJECT, AS_OF = "subject_id", "as_of"
"""Column names that are reserved and never features."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Name, version and package digest of the model behind a decision."""

    name: str
    version: int
    digest: str
