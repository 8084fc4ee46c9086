"""Records the reports of caches."""


class CacheReports:
    """The reports of caches, in their order."""

    def __init__(self) -> None:
        self.failed: list[tuple[str, bool]] = []
        """Each failed read: its cache, and True if a last known value was returned."""
        self.stale: list[str] = []
        """Each use of a last known value, by its cache."""

    def log_failed_read(self, cache: str, *, has_value: bool) -> None:
        self.failed.append((cache, has_value))

    def note_stale(self, cache: str) -> None:
        self.stale.append(cache)
