"""Ports of profiles: the store of counted days."""

from collections.abc import Iterator
from typing import Protocol

from vigil.monitoring.profiles.model import Profile, Source


class ProfileStore(Protocol):
    """Profiles of the models of all tenants. `profiles` and `put` raise Unavailable."""

    def profiles(
        self, tenant_id: str, model: str, version: int, source: Source, start: str, end: str
    ) -> Iterator[Profile]:
        """Yield the profiles from the day `start` to the day `end` (`2026-11-21`), both included, the earliest first.

        Profiles are read consistently. A day without decisions has no profile. Raises DamagedData for a damaged
        profile.
        """
        ...

    def put(self, tenant_id: str, model: str, version: int, profile: Profile) -> None:
        """Store a profile in place of an earlier one of its version, source and day."""
        ...
