"""An in-process cache whose entries have sizes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from vigil.runtime.parallel import call_each

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SizedCache(Generic[Key, Value]):
    """Values by key. A full cache evicts the least recently used entries. Threads may share it.

    `size_of` returns the bytes of a value. A value above `max_bytes` is not stored.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[Value], int]) -> None:
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()
        self.size = 0

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, or None."""
        with self._lock:
            if (value := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
            return value

    def get_all(self, keys: Sequence[Key], read: Callable[[Key], Value]) -> list[Value]:
        """Return the values of keys in their order. Missing ones are read side by side and stored."""
        found = {key: value for key in keys if (value := self.get(key)) is not None}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        for key, value in zip(missing, call_each(read, missing), strict=True):
            found[key] = value
            self.put(key, value)
        return [found[key] for key in keys]

    def put(self, key: Key, value: Value) -> None:
        """Store a value in place of an earlier one."""
        size = self._size_of(value)
        with self._lock:
            if key in self._entries:
                self.size -= self._size_of(self._entries.pop(key))
            if size <= self._max_bytes:
                self._entries[key] = value
                self.size += size
            while self.size > self._max_bytes:
                self.size -= self._size_of(self._entries.popitem(last=False)[1])
