"""Flags: evaluated from memory, read again once in a while, and changed by operators without losing an update."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vigil.access.flags.model import BUCKETS, KNOWN, Evaluation, Flag, FlagSet, Switches
from vigil.access.flags.ports import Engine, Evaluate, FlagStore
from vigil.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unavailable,
)
from vigil.runtime.retries import TryAgain, retry

MOST_FLAGS = 64
RETRY = timedelta(seconds=10)
"""After a failed read the next one waits so long: an absent table must not slow every request down."""
_MOST_TENANTS = 10_000
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Precondition:
    """What a change expects of the flag: one of these tags (`If-Match`), or that it does not exist yet."""

    tags: tuple[str, ...] = ()
    absent: bool = False


class Flags:
    """The flags of one process. Reading never fails: without a set everything is off."""

    def __init__(
        self,
        store: FlagStore,
        engine: Engine,
        stage: str,
        clock: Callable[[], datetime],
        ttl: timedelta,
        observe: Callable[[str], None],
    ) -> None:
        self._store = store
        self._engine = engine
        self._stage = stage
        self._clock = clock
        self._ttl = ttl
        self._observe = observe
        self._held: _Held | None = None
        self._due: datetime | None = None

    def preload(self) -> None:
        """Read the set, so that no request waits for it."""
        self._current()

    def switches(self, tenant_id: str, subject_id: str) -> Switches:
        """Return what a decision about a subject obeys, and names; looks the set up at most once per TTL."""
        held = self._current()
        return held.switches(tenant_id, subject_id) if held else Switches()

    def digest(self) -> str | None:
        """Return what names the set that holds now, None where none could be read."""
        held = self._current()
        return held.digest if held else None

    def pinned(self, digest: str) -> Callable[[str, str], Switches]:
        """Return what `switches` gave while a set held; raise NotFound for a set that never did, Unavailable."""
        held = self._current()
        if held and held.digest == digest:
            return held.switches
        flags = FlagSet() if digest == FlagSet().digest() else self.past(digest)
        return _Held(flags, self._engine(flags), self._stage).switches

    def evaluations(self, tenant_id: str, subject_id: str | None = None) -> tuple[str | None, tuple[Evaluation, ...]]:
        """Return the set's digest and every flag as a tenant meets it, by name; of one subject or of any."""
        held = self._current()
        if held is None:
            return None, tuple(Evaluation(flag, on=False) for flag in FlagSet().everything())
        found = (Evaluation(f, held.on(f, tenant_id, subject_id)) for f in held.flags.everything())
        return held.digest, tuple(found)

    def evaluation(self, name: str, tenant_id: str, subject_id: str | None = None) -> Evaluation:
        """Return one flag as a tenant meets it; raise NotFound."""
        _, found = self.evaluations(tenant_id, subject_id)
        if (evaluation := next((e for e in found if e.flag.name == name), None)) is None:
            raise NotFound("There is no such flag.")
        return evaluation

    def current(self) -> FlagSet:
        """Return the set that holds now, not what this process remembers; raise Unavailable."""
        return self._store.current()

    def past(self, digest: str) -> FlagSet:
        """Return the set that a decision names; raise NotFound."""
        if (held := self._store.past(digest)) is None:
            raise NotFound("There is no such set of flags.")
        return held

    def define(self, flag: Flag, expected: Precondition | None, by: str) -> bool:
        """Define a flag for the whole deployment, and say whether it is a new one; others follow within the TTL.

        Raises PreconditionRequired where nothing is expected, PreconditionFailed where the flag is not what was
        expected, InvalidInput for too many flags, Conflict when overtaken again and again.
        """
        if expected is None:
            raise PreconditionRequired("If-Match must carry the flag's ETag; for a new flag, If-None-Match: *.")

        def attempt() -> bool:
            current = self._store.current()
            found = current.find(flag.name)
            _check(found, expected)
            new = current.defining(flag)
            if len(new.flags) > MOST_FLAGS:
                raise InvalidInput(FieldError("name", "is one flag too many", f"at most {MOST_FLAGS} flags"))
            if self._store.replace(new, by, self._clock().astimezone(UTC).isoformat(timespec="seconds")):
                self.forget()
                return found is None
            raise TryAgain

        error = Conflict("Others keep changing the flags; try again.")
        return retry(attempt, attempts=_ATTEMPTS, error=error)

    def forget(self) -> None:
        """Read the set again the next time that it is asked for; until then, and if that fails, the last one stands."""
        self._due = None

    def _current(self) -> "_Held | None":
        now = self._clock()
        if self._due is None or now >= self._due:
            try:
                self._hold(self._store.current())
                self._due = now + self._ttl
            except Unavailable:
                self._due = now + RETRY
                self._observe("flags_unavailable")
        return self._held

    def _hold(self, flags: FlagSet) -> None:
        if self._held is None or self._held.flags != flags:
            self._held = _Held(flags, self._engine(flags), self._stage)


class _Held:
    """A set in memory, and what is settled of it for each tenant: most flags need no look at the subject."""

    def __init__(self, flags: FlagSet, evaluate: Evaluate, stage: str) -> None:
        self.flags = flags
        self.digest = flags.digest()
        self._evaluate = evaluate
        self._stage = stage
        self._obeyed = [flag for flag in flags.flags if flag.name in KNOWN]
        self._settled: dict[str, tuple[Switches, list[tuple[Flag, int]]]] = {}

    def switches(self, tenant_id: str, subject_id: str) -> Switches:
        settled, undecided = self._settled.get(tenant_id) or self._settle(tenant_id)
        if not undecided:
            return settled
        on = (flag.name for flag, cut in undecided if flag.bucket(tenant_id, subject_id) < cut)
        return Switches(self.digest, tuple(sorted((*settled.on, *on))))

    def on(self, flag: Flag, tenant_id: str, subject_id: str | None) -> bool | None:
        """Say whether a flag is on, None where that depends on a subject that is not given."""
        cut = self._cut(flag, tenant_id)
        if flag.sticky == "subject" and subject_id is None and 0 < cut < BUCKETS:
            return None
        return flag.bucket(tenant_id, subject_id or "") < cut

    def _settle(self, tenant_id: str) -> tuple[Switches, list[tuple[Flag, int]]]:
        if len(self._settled) >= _MOST_TENANTS:
            self._settled.clear()
        states = [(flag, self.on(flag, tenant_id, None)) for flag in self._obeyed]
        settled = Switches(self.digest, tuple(flag.name for flag, state in states if state))
        undecided = [(flag, self._cut(flag, tenant_id)) for flag, state in states if state is None]
        self._settled[tenant_id] = settled, undecided
        return self._settled[tenant_id]

    def _cut(self, flag: Flag, tenant_id: str) -> int:
        """Return for how many buckets a flag is on: from the first up to a place, whatever its rules, and no further.

        The engine is asked some 14 times here, and never again for this tenant and set: it takes 20 us each time.
        """

        def off(bucket: int) -> bool:
            return not self._evaluate(flag.name, {"stage": self._stage, "tenant_id": tenant_id, "bucket": bucket})

        return bisect_left(range(BUCKETS), True, key=off)


def _check(found: Flag | None, expected: Precondition) -> None:
    if expected.absent and found is not None:
        raise PreconditionFailed("The flag exists already; change it with If-Match.")
    if not expected.absent and (found is None or not {found.tag(), "*"} & set(expected.tags)):
        raise PreconditionFailed("The flag is not the one that was read; get it again.")
