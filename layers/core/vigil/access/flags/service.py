"""Feature flags: cached in memory, refreshed after a TTL, and changed by operators without lost updates."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigil.access.flags.model import BUCKET_COUNT, KNOWN_FLAGS, Evaluation, Flag, FlagSet, Switches
from vigil.access.flags.ports import Evaluator, EvaluatorFactory, FlagStore
from vigil.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unavailable,
)
from vigil.kernel.time import format_timestamp
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache
from vigil.runtime.retries import TryAgain, retry

MAX_FLAGS = 64
"""Maximum number of defined flags per deployment."""
RETRY_DELAY = timedelta(seconds=10)
"""Delay before the next read after a failed one, so that a missing table does not slow down every request."""
STALE_FOR = timedelta(hours=24)
"""Time after the TTL in which an unavailable store leaves the last known set in use. After it, all flags are off."""
_CURRENT = "current"
_MAX_CACHED_TENANTS = 10_000
_MAX_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Precondition:
    """Expected state of a flag before a change: one of these tags (`If-Match`), or that it does not exist."""

    tags: tuple[str, ...] = ()
    absent: bool = False


class Flags:
    """Flags of one process. Evaluation never fails: without a readable set all flags are off."""

    def __init__(
        self,
        store: FlagStore,
        build_evaluator: EvaluatorFactory,
        stage: str,
        clock: Callable[[], datetime],
        ttl: timedelta,
        observer: CacheObserver,
    ) -> None:
        self._store = store
        self._build_evaluator = build_evaluator
        self._stage = stage
        self._clock = clock
        rules = CacheRules(ttl, STALE_FOR, RETRY_DELAY)
        self._sets: LastKnownCache[str, _LoadedSet] = LastKnownCache("flags", rules, clock, observer)
        self._loaded: _LoadedSet | None = None

    def preload(self) -> None:
        """Read the flag set now, so that no request waits for it."""
        self._current()

    def switches(self, tenant_id: str, subject_id: str) -> Switches:
        """Return the flag state for a decision about a subject; reads the set at most once per TTL."""
        loaded = self._current()
        return loaded.switches(tenant_id, subject_id) if loaded else Switches()

    def digest(self) -> str | None:
        """Return the digest of the current set, or None if no set could be read."""
        loaded = self._current()
        return loaded.digest if loaded else None

    def switches_at(self, digest: str) -> Callable[[str, str], Switches]:
        """Return the `switches` function of the set with this digest; raise NotFound or Unavailable."""
        loaded = self._current()
        if loaded and loaded.digest == digest:
            return loaded.switches
        flags = FlagSet() if digest == FlagSet().digest() else self.find_set(digest)
        return _LoadedSet(flags, self._build_evaluator(flags), self._stage).switches

    def evaluations(self, tenant_id: str, subject_id: str | None = None) -> tuple[str | None, tuple[Evaluation, ...]]:
        """Return the digest of the set and all flags by name, for one subject or for the tenant in general."""
        loaded = self._current()
        if loaded is None:
            return None, tuple(Evaluation(flag, on=False) for flag in FlagSet().all_flags())
        found = (Evaluation(f, loaded.on(f, tenant_id, subject_id)) for f in loaded.flags.all_flags())
        return loaded.digest, tuple(found)

    def evaluation(self, name: str, tenant_id: str, subject_id: str | None = None) -> Evaluation:
        """Return one flag, evaluated for a tenant or one of its subjects; raise NotFound for an unknown name."""
        _, found = self.evaluations(tenant_id, subject_id)
        if (evaluation := next((e for e in found if e.flag.name == name), None)) is None:
            raise NotFound("There is no such flag. GET /v1/flags lists all.")
        return evaluation

    def current(self) -> FlagSet:
        """Return the current set from the store instead of the cache; raise Unavailable."""
        return self._store.current()

    def find_set(self, digest: str) -> FlagSet:
        """Return the set with a digest from a decision; raise NotFound."""
        if (found := self._store.find_by_digest(digest)) is None:
            raise NotFound("There is no flag set with this digest. Leave the digest out for the current set.")
        return found

    def define(self, flag: Flag, expected: Precondition | None, by: str) -> bool:
        """Define a flag for the whole deployment; return True if it is new. Other processes follow within the TTL.

        Raises PreconditionRequired without a precondition, PreconditionFailed if the flag is in another state,
        InvalidInput for too many flags, and Conflict after repeated concurrent changes.
        """
        if expected is None:
            raise PreconditionRequired("Send the flag's ETag in If-Match or, for a new flag, If-None-Match: *.")

        def attempt() -> bool:
            current = self._store.current()
            found = current.find(flag.name)
            _check(found, expected)
            new = current.with_flag(flag)
            if len(new.flags) > MAX_FLAGS:
                raise InvalidInput(
                    FieldError("name", "is above the maximum number of flags", f"at most {MAX_FLAGS} flags")
                )
            if self._store.replace(new, by, format_timestamp(self._clock())):
                self.expire()
                return found is None
            raise TryAgain

        error = Conflict("The flags are being changed by other requests; try again.")
        return retry(attempt, attempts=_MAX_ATTEMPTS, error=error)

    def expire(self) -> None:
        """Make the next evaluation read the set again; if the read fails, the cached set stays in use."""
        self._sets.expire(_CURRENT)

    def _current(self) -> "_LoadedSet | None":
        try:
            return self._sets.get(_CURRENT, self._load)
        except Unavailable:
            return None

    def _load(self) -> "_LoadedSet":
        flags = self._store.current()
        if self._loaded is None or self._loaded.flags != flags:
            self._loaded = _LoadedSet(flags, self._build_evaluator(flags), self._stage)
        return self._loaded


class _LoadedSet:
    """A flag set in memory with cached results per tenant: most flags do not depend on the subject."""

    def __init__(self, flags: FlagSet, evaluate: Evaluator, stage: str) -> None:
        self.flags = flags
        self.digest = flags.digest()
        self._evaluate = evaluate
        self._stage = stage
        self._known_flags = [flag for flag in flags.flags if flag.name in KNOWN_FLAGS]
        self._cached_states: dict[str, tuple[Switches, list[tuple[Flag, int]]]] = {}

    def switches(self, tenant_id: str, subject_id: str) -> Switches:
        settled, undecided = self._cached_states.get(tenant_id) or self._evaluate_tenant(tenant_id)
        if not undecided:
            return settled
        on = (flag.name for flag, limit in undecided if flag.bucket(tenant_id, subject_id) < limit)
        return Switches(self.digest, tuple(sorted((*settled.on, *on))))

    def on(self, flag: Flag, tenant_id: str, subject_id: str | None) -> bool | None:
        """Return the state of a flag, or None if it depends on a subject and none is given."""
        limit = self._bucket_limit(flag, tenant_id)
        if flag.sticky == "subject" and subject_id is None and 0 < limit < BUCKET_COUNT:
            return None
        return flag.bucket(tenant_id, subject_id or "") < limit

    def _evaluate_tenant(self, tenant_id: str) -> tuple[Switches, list[tuple[Flag, int]]]:
        if len(self._cached_states) >= _MAX_CACHED_TENANTS:
            self._cached_states.clear()
        states = [(flag, self.on(flag, tenant_id, None)) for flag in self._known_flags]
        settled = Switches(self.digest, tuple(flag.name for flag, state in states if state))
        undecided = [(flag, self._bucket_limit(flag, tenant_id)) for flag, state in states if state is None]
        self._cached_states[tenant_id] = settled, undecided
        return self._cached_states[tenant_id]

    def _bucket_limit(self, flag: Flag, tenant_id: str) -> int:
        """Return the number of buckets, counted from 0, in which a flag is on for a tenant.

        Takes about 14 evaluations of 20 us each; the result is cached per tenant and set.
        """

        def off(bucket: int) -> bool:
            return not self._evaluate(flag.name, {"stage": self._stage, "tenant_id": tenant_id, "bucket": bucket})

        return bisect_left(range(BUCKET_COUNT), True, key=off)


def _check(found: Flag | None, expected: Precondition) -> None:
    if expected.absent and found is not None:
        raise PreconditionFailed("The flag already exists; send its ETag in If-Match to change it.")
    if not expected.absent and (found is None or not {found.etag(), "*"} & set(expected.tags)):
        raise PreconditionFailed("The flag has changed since it was read; fetch it again and repeat the change.")
