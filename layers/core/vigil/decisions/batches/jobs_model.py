"""Jobs of batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

BatchJobKind: TypeAlias = Literal["batch.arrival", "batch.split", "batch.chunk", "batch.assembly"]


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job for a queue, with references only. `name` is unique among the batch's jobs of one kind."""

    kind: BatchJobKind
    tenant_id: str
    batch_id: str
    correlation_id: str
    name: str
    details: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Business id. The same job always has the same id."""
        return f"{self.batch_id}.{self.kind.removeprefix('batch.')}.{self.name}"
