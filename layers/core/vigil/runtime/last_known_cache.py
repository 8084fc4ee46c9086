"""A cache of data that may be stale: it returns the last known value for a limited time while a store is away."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Condition
from typing import Generic, Protocol, TypeVar

from vigil.errors import Unavailable, VigilError
from vigil.runtime.ttl_cache import TtlCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_MAX_ENTRIES = 1_024
_STILL_READ = "Data of this request is still being read; try again."


class CacheObserver(Protocol):
    """Port that a cache calls, for logs and metrics of failed reads and of stale values."""

    def log_failed_read(self, cache: str, *, has_value: bool) -> None:
        """Count a failed read of a cache; `has_value` is True if its last known value is returned instead."""

    def note_stale(self, cache: str) -> None:
        """Note in the facts of the current request that it used a last known value."""


@dataclass(frozen=True, slots=True)
class CacheRules:
    """Ages of a cached value. `stale_for` follows `time_to_live`, as `stale-if-error` follows `max-age` in RFC 5861."""

    time_to_live: timedelta
    """Age below which a value is returned without a read."""
    stale_for: timedelta = timedelta(0)
    """Further time in which a value is returned if it cannot be read."""
    retry: timedelta = timedelta(seconds=1)
    """Pause after a failed read."""
    wait: timedelta = timedelta(seconds=5)
    """Maximum time for which a caller waits while another thread reads the same key."""

    @property
    def max_age(self) -> timedelta:
        """Maximum age of a value that is returned, counted from the start of its read."""
        return self.time_to_live + self.stale_for


@dataclass(slots=True)
class _Entry(Generic[Value]):
    """A value, the start of its read, and the ends of its time to live and of its stale time."""

    value: Value
    read_at: datetime
    fresh_until: datetime
    known_until: datetime


class LastKnownCache(Generic[Key, Value]):
    """Values by key, each read at most once per time to live.

    While reads fail with Unavailable, the cache returns the last known value until it is too old, and reads again
    after each pause. Any other VigilError of a read is an answer of the store, which removes the value. One thread
    reads a key at a time, and the others wait for it. After `wait`, they receive the last known value as a stale one.
    """

    def __init__(
        self,
        name: str,
        rules: CacheRules,
        clock: Callable[[], datetime],
        observer: CacheObserver,
        is_kept: Callable[[Value], bool] = lambda _: True,
    ) -> None:
        self._name = name
        self._rules = rules
        self._clock = clock
        self._observer = observer
        self._is_kept = is_kept
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self._failures: TtlCache[Key, str] = TtlCache(rules.retry, clock, _MAX_ENTRIES)
        self._reading: set[Key] = set()
        self._writes = 0
        self._lock = Condition()

    def get(self, key: Key, read: Callable[[], Value]) -> Value:
        """Return the value of a key, or call `read` if it is too old. Raises the errors of `read`.

        Raises Unavailable without a read in the pause after a failed one, and if another thread reads the key for
        too long, if no value is known.
        """
        with self._lock:
            is_free = self._lock.wait_for(lambda: key not in self._reading, self._rules.wait.total_seconds())
            now = self._clock()
            entry = self._find(key, now)
            if entry and now < entry.fresh_until:
                self._entries.move_to_end(key)
                return entry.value
            if is_free:
                self._reading.add(key)
        if not is_free:
            return self._last_known(key, Unavailable(_STILL_READ))
        try:
            return self._refresh(key, read)
        finally:
            with self._lock:
                self._reading.remove(key)
                self._lock.notify_all()

    def expire(self, key: Key) -> None:
        """Read a key at its next use, because this process has changed it. If that fails, the value stays in use."""
        with self._lock:
            self._writes += 1
            self._failures.discard(key)
            if entry := self._entries.get(key):
                entry.fresh_until = entry.read_at

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._writes += 1
            self._failures.clear()
            self._entries.clear()

    def _refresh(self, key: Key, read: Callable[[], Value]) -> Value:
        """Read the value. In the pause after a failed read, return the last known value."""
        started = self._clock()
        with self._lock:
            problem, writes = self._failures.get(key), self._writes
        if problem is not None:
            return self._last_known(key, Unavailable(problem))
        try:
            value = read()
        except Unavailable as error:
            return self._fail(key, error)
        except VigilError:
            with self._lock:
                self._entries.pop(key, None)
            raise
        with self._lock:
            self._store(key, value, started, is_expired=self._writes != writes)
        return value

    def _store(self, key: Key, value: Value, started: datetime, *, is_expired: bool) -> None:
        """Store a value. A value whose read overlapped with a write is expired at once, since it may be the old one."""
        self._failures.discard(key)
        self._entries.pop(key, None)
        if self._is_kept(value):
            life = timedelta(0) if is_expired else self._rules.time_to_live
            self._entries[key] = _Entry(value, started, started + life, started + self._rules.max_age)
        if len(self._entries) > _MAX_ENTRIES:
            self._entries.popitem(last=False)

    def _fail(self, key: Key, error: Unavailable) -> Value:
        with self._lock:
            self._failures.put(key, str(error))
            has_value = self._find(key, self._clock()) is not None
        self._observer.log_failed_read(self._name, has_value=has_value)
        return self._last_known(key, error)

    def _last_known(self, key: Key, error: Unavailable) -> Value:
        """Return the last known value. Raises the error if it is too old or missing."""
        with self._lock:
            entry = self._find(key, self._clock())
        if entry is None:
            raise error
        self._observer.note_stale(self._name)
        return entry.value

    def _find(self, key: Key, now: datetime) -> _Entry[Value] | None:
        """Return the entry of a key. If the clock was set back, its age is unknown, so that it must not be used."""
        entry = self._entries.get(key)
        if entry is None or entry.read_at <= now < entry.known_until:
            return entry
        del self._entries[key]
        return None
