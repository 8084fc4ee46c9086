"""What was read a moment ago, so that it need not be read again at once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

V = TypeVar("V")
_MOST = 1_024


class Recent(Generic[V]):
    """Values by name, for a time, the longest unused given up first. Without any of them all is only slower."""

    def __init__(self, age: timedelta, clock: Callable[[], datetime]) -> None:
        self._age = age
        self._clock = clock
        self._values: OrderedDict[Hashable, tuple[datetime, V]] = OrderedDict()

    def get(self, name: Hashable) -> V | None:
        """Return a value that is not too old, or None."""
        put_at, value = self._values.get(name, (None, None))
        if put_at is None or self._clock() - put_at >= self._age:
            self._values.pop(name, None)
            return None
        self._values.move_to_end(name)
        return value

    def put(self, name: Hashable, value: V) -> None:
        """Keep a value."""
        self._values[name] = (self._clock(), value)
        if len(self._values) > _MOST:
            self._values.popitem(last=False)

    def forget(self) -> None:
        """Keep nothing of what is there."""
        self._values.clear()
