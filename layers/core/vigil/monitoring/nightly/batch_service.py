"""Profiles of batch rows, by the chunks that were scored on a day."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from vigil.monitoring.nightly.ports import ScoredChunks
from vigil.monitoring.report.days_model import day_before


class BatchDays:
    """Reader of the counts of batch rows by day."""

    def __init__(self, chunks: ScoredChunks) -> None:
        self._chunks = chunks

    def parts(self, tenant_id: str, day: str) -> Iterator[tuple[str, int, Sequence[bytes]]]:
        """Yield model, version and packed profiles of the chunks that were scored on a day (`2026-11-21`, UTC).

        Each version is yielded once. The order is that of the model's name and the version. Raises Unavailable.
        """
        parts = defaultdict[tuple[str, int], list[bytes]](list)
        for chunk in self._chunks.between(tenant_id, day, day_before(day, -1)):
            parts[chunk.model, chunk.version].append(chunk.profile)
        for (model, version), found in sorted(parts.items()):
            yield model, version, found
