"""Values that rows share: column names, feature values, and the model that scored a row."""

from dataclasses import dataclass
from typing import TypeAlias

FeatureValue: TypeAlias = float | int | bool | str | None


NAN = float("nan")


SUBJECT, AS_OF = "subject_id", "as_of"
"""The columns of a table that are no features."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The exact model behind a decision."""

    name: str
    version: int
    digest: str
