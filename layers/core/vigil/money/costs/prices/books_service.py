"""Price books that a process caches for minutes, or for an hour while their table is away."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from vigil.money.costs.model import PriceBook
from vigil.money.costs.ports import PriceBookReader
from vigil.money.costs.prices.service import MIN_NOTICE
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache

_TIME_TO_LIVE = timedelta(minutes=5)
CACHE_RULES = CacheRules(_TIME_TO_LIVE, stale_for=MIN_NOTICE - _TIME_TO_LIVE, retry=timedelta(seconds=10))
"""A cached set lacks only books that are not valid yet: each is published an hour before its validity."""
_ALL = "all"


class CachedPriceBooks:
    """The price books of a store, for costs. A publication reads the store itself."""

    def __init__(self, store: PriceBookReader, clock: Callable[[], datetime], observer: CacheObserver) -> None:
        self._store = store
        self._cache: LastKnownCache[str, Sequence[PriceBook]] = LastKnownCache("prices", CACHE_RULES, clock, observer)

    def books(self) -> Sequence[PriceBook]:
        """Return every book in order of versions. Raises Unavailable if none is known."""
        return self._cache.get(_ALL, self._store.books)

    def expire(self) -> None:
        """Read the books at their next use, because this process has published one."""
        self._cache.expire(_ALL)
