"""Profiles of batch rows, summed over the chunks that were scored on a day."""

from collections import defaultdict
from collections.abc import Iterator

from vigil.monitoring.nightly.ports import ScoredChunks
from vigil.monitoring.profiles.documents_model import from_bytes, sum_profiles
from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.report.days_model import day_before


class BatchDays:
    """Counts of the rows of batches by day."""

    def __init__(self, chunks: ScoredChunks) -> None:
        self._chunks = chunks

    def profiles(self, tenant_id: str, day: str) -> Iterator[tuple[str, int, Profile]]:
        """Yield model, version and profile of all batch rows that were answered on a day (`2026-11-21`, UTC).

        Each version has one profile; the order is that of the model's name and the version. Raises Unavailable.
        """
        parts = defaultdict[tuple[str, int], list[Profile]](list)
        for chunk in self._chunks.between(tenant_id, day, day_before(day, -1)):
            parts[chunk.model, chunk.version].append(from_bytes(chunk.profile))
        for (model, version), found in sorted(parts.items()):
            yield model, version, sum_profiles(found)
