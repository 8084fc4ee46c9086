"""Steps of a change to one entry of an alerting configuration: find, check the version, repeat after a lost race."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from vigil.errors import Conflict, NotFound, PreconditionFailed
from vigil.runtime.retries import TryAgain, retry

_ATTEMPTS = 5
Entry = TypeVar("Entry")
State = TypeVar("State")


class HasVersion(Protocol):
    """An entry whose version grows with each change."""

    @property
    def version(self) -> int:
        """The version, from 1. It is 0 for an entry with defaults that was never changed."""
        ...


Versioned = TypeVar("Versioned", bound=HasVersion)


def find_entry(entries: Mapping[str, Versioned], entry_id: str, kind: str, version: int | None = None) -> Versioned:
    """Return the entry of an id. `version` is the version that it must have, or None for any version.

    Raises NotFound, whose message names the `kind`, and PreconditionFailed for another version.
    """
    if (entry := entries.get(entry_id)) is None:
        raise NotFound(f"There is no such {kind}. GET its collection below /v1/alerting lists all.")
    return expect_version(entry, version)


def expect_version(entry: Versioned, version: int | None) -> Versioned:
    """Return the entry itself, if it has this version or `version` is None, which stands for any version.

    Otherwise it raises PreconditionFailed.
    """
    if version is not None and entry.version != version:
        raise PreconditionFailed("The entry has changed since it was read; fetch it again, then repeat the change.")
    return entry


def change_entry(
    read: Callable[[], State], decide: Callable[[State], Entry], write: Callable[[State, Entry], bool]
) -> Entry:
    """Return the entry that `decide` made of the state that `read` returned, after `write` stored it.

    `write` returns False and stores nothing if the stored state is another one by then. All three are then called
    again, at most five times. Raises Conflict after that, and the errors of the functions.
    """

    def attempt() -> Entry:
        state = read()
        entry = decide(state)
        if not write(state, entry):
            raise TryAgain
        return entry

    return retry_change(attempt)


def retry_change(attempt: Callable[[], Entry]) -> Entry:
    """Return the result of the first call of `attempt` that does not raise TryAgain.

    Raises Conflict after five calls, and every other error of `attempt` at once.
    """
    error = Conflict("The alerting configuration is being changed by other requests; try again.")
    return retry(attempt, attempts=_ATTEMPTS, error=error)
