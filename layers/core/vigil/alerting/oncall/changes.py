"""Steps of a change to one entry of a tenant's configuration: find it, check its version, repeat after a lost race."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from vigil.errors import Conflict, NotFound, PreconditionFailed
from vigil.runtime.retries import TryAgain, retry

_ATTEMPTS = 5
Entry = TypeVar("Entry")
State = TypeVar("State")


class HasVersion(Protocol):
    """An entry with a version, which grows with each change."""

    @property
    def version(self) -> int:
        """The version, from 1, or 0 for an entry without changes."""
        ...


Versioned = TypeVar("Versioned", bound=HasVersion)


def find_entry(entries: Mapping[str, Versioned], entry_id: str, kind: str, version: int | None = None) -> Versioned:
    """Return an entry by its id. Raises NotFound, which names the kind, and PreconditionFailed for another version."""
    if (entry := entries.get(entry_id)) is None:
        raise NotFound(f"There is no such {kind}.")
    return expect_version(entry, version)


def expect_version(entry: Versioned, version: int | None) -> Versioned:
    """Return the entry. Raises PreconditionFailed if it has another version than the given one."""
    if version is not None and entry.version != version:
        raise PreconditionFailed("The entry has changed since it was read; fetch it again, then repeat the change.")
    return entry


def change_entry(
    read: Callable[[], State], decide: Callable[[State], Entry], write: Callable[[State, Entry], bool]
) -> Entry:
    """Return the entry that was decided from the state that `read` returns, after it is written.

    `write` returns False if another state is stored; the change is then repeated. Raises Conflict after five attempts.
    """

    def attempt() -> Entry:
        state = read()
        entry = decide(state)
        if not write(state, entry):
            raise TryAgain
        return entry

    return retry_change(attempt)


def retry_change(attempt: Callable[[], Entry]) -> Entry:
    """Return the result of the first attempt that does not raise TryAgain. Raises Conflict after five attempts."""
    error = Conflict("The alerting configuration is being changed by other requests; try again.")
    return retry(attempt, attempts=_ATTEMPTS, error=error)
