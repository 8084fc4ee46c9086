"""An in-process cache whose entries expire."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_DEFAULT_ENTRIES = 1_024


class TtlCache(Generic[Key, Value]):
    """Values by key, for a limited time. A full cache evicts the least recently used entry."""

    def __init__(
        self, time_to_live: timedelta, clock: Callable[[], datetime], max_entries: int = _DEFAULT_ENTRIES
    ) -> None:
        self._time_to_live = time_to_live
        self._clock = clock
        self._max_entries = max_entries
        self._entries: OrderedDict[Key, tuple[datetime, Value]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of entries, expired ones included."""
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, or None if there is no entry or it has expired.

        If the clock was set back, the age of an entry is unknown, so that it has expired.
        """
        stored_at, value = self._entries.get(key, (None, None))
        if stored_at is None or not timedelta(0) <= self._clock() - stored_at < self._time_to_live:
            self.discard(key)
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Store a value under a key, for the time to live from now."""
        self._entries[key] = (self._clock(), value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    def discard(self, key: Key) -> None:
        """Remove the entry of a key, if there is one."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
