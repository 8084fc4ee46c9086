"""Compaction of a tenant's files: few files for each document version, and none that the manifest does not name."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.assistant.retrieval.ports import CorpusStore, SegmentFiles, VectorMerges
from vigil.assistant.retrieval.segment_keys_model import SUFFIXES

MIN_ORPHAN_AGE = timedelta(hours=1)
"""Age of a file from which no writer can still register it. A function ends after 15 minutes at most."""


class Compaction:
    """Compaction of the files of all tenants. `merges` is None without the embedded vector store."""

    def __init__(
        self,
        corpora: CorpusStore,
        files: SegmentFiles,
        merges: VectorMerges | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._corpora = corpora
        self._files = files
        self._merges = merges
        self._clock = clock

    def compact(self, tenant_id: str) -> int:
        """Merge the small files of vectors, and delete orphans. Return the number of deleted files.

        An orphan is a file older than an hour that the manifest does not name. Raises Unavailable.
        """
        if self._merges is not None:
            self._merges.merge(tenant_id)
        latest = self._clock() - MIN_ORPHAN_AGE
        # The manifest is read after the list: a file in it was registered before, or is younger than an hour.
        listed = [each for folder in SUFFIXES for each in self._files.list_under(f"{folder}/{tenant_id}/")]
        corpus = self._corpora.read(tenant_id)
        named = {file.key for file in (*corpus.passages, *corpus.vectors)}
        orphans = [each for each in listed if each.key not in named and each.modified_at < latest]
        self._files.delete(orphans)
        return len(orphans)
