"""Fakes for tokens and sessions; one contract test runs each fake and its real adapter."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from vigil.access.tokens.oauth_model import Session
from vigil.access.tokens.signing_keys_model import CACHE_SECONDS, SigningKeySet
from vigil.errors import Conflict


class FakeSigningKeySet:
    """The published keys in memory."""

    def __init__(self) -> None:
        self.keys = SigningKeySet()

    def read(self) -> SigningKeySet:
        return self.keys

    def write(self, keys: SigningKeySet) -> None:
        if keys.revision != self.keys.revision:
            raise Conflict("The keys were changed by another rotation.")
        self.keys = replace(keys, revision=keys.revision + 1)

    def current(self) -> SigningKeySet:
        return self.keys

    def delete(self) -> None:
        self.keys = SigningKeySet()


class FakeKeyVault:
    """Versions of the secret with the private keys."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, str]] = {"0": {}}
        self.staged = {"AWSCURRENT": "0"}

    def current(self) -> Mapping[str, str]:
        return self.versions[self.staged["AWSCURRENT"]]

    def private_keys(self) -> Mapping[str, str]:
        return self.current()

    def pending(self, version: str) -> Mapping[str, str] | None:
        return self.versions.get(version)

    def add(self, version: str, ring: Mapping[str, str]) -> None:
        self.versions[version] = dict(ring)
        self.staged["AWSPENDING"] = version

    def promote(self, version: str) -> None:
        if self.staged["AWSCURRENT"] == version:
            return
        if self.staged.get("AWSPENDING") != version:
            raise Conflict("The version is not pending: a newer rotation has replaced it.")
        self.staged["AWSCURRENT"] = version


class CachingProcess:
    """A process with its own cache, which reads keys as rarely as `CACHE_SECONDS` allows."""

    def __init__(self, lists: FakeSigningKeySet, vault: FakeKeyVault, clock: Callable[[], datetime]) -> None:
        self._sources: dict[str, Callable[[], Any]] = {"public": lists.read, "private": vault.current}
        self._clock = clock
        self._kept: dict[str, tuple[Any, float]] = {}

    def current(self) -> SigningKeySet:
        keys: SigningKeySet = self._read("public", empty=SigningKeySet())
        return keys

    def private_keys(self) -> Mapping[str, str]:
        keys: Mapping[str, str] = self._read("private", empty={})
        return keys

    def _read(self, name: str, empty: Any) -> Any:
        now = self._clock().timestamp()
        value, read_at = self._kept.get(name, (empty, 0.0))
        if value == empty or now - read_at >= CACHE_SECONDS:
            value, read_at = self._sources[name](), now
            self._kept[name] = value, read_at
        return value


class FakeSessions:
    """Sessions in memory."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str], Session] = {}

    def start(self, tenant_id: str, session: Session) -> None:
        there = self.sessions.setdefault((tenant_id, session.session_id), session)
        if there.digest != session.digest:
            raise Conflict("A session with this id exists.")

    def get(self, tenant_id: str, session_id: str) -> Session | None:
        return self.sessions.get((tenant_id, session_id))

    def advance(self, tenant_id: str, session_id: str, used: str, new: str) -> bool:
        session = self.sessions[tenant_id, session_id]
        if session.ended or session.digest not in {used, new}:
            return False
        self.sessions[tenant_id, session_id] = replace(session, digest=new)
        return True

    def end(self, tenant_id: str, session_id: str, why: str) -> None:
        if session := self.sessions.get((tenant_id, session_id)):
            self.sessions[tenant_id, session_id] = replace(session, ended=session.ended or why)
