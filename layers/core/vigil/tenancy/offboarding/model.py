"""The erasure of all that a tenant owned, store by store, and the certificate of it. Pure values and rules."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

Key = Mapping[str, str]
"""What names one thing in a store."""


@dataclass(frozen=True, slots=True)
class Found:
    """Some of what a store keeps of a tenant, and where to look on; None at the end."""

    keys: tuple[Key, ...]
    after: Key | None


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far one store is. A pass goes through all that it keeps; the store is clean when a whole pass found nothing.

    `deleting` is written down before anything is deleted and counted in that very step: after a crash the same keys are
    deleted again, and none is counted twice.
    """

    not_before: str
    """When a pass may begin, ISO 8601: an index may show for a moment what is no longer there."""
    erased: int = 0
    deleting: tuple[Key, ...] = ()
    after: Key | None = None
    found: int = 0
    """How many this pass has found."""
    rescanned_at: str | None = None
    """When a whole pass found nothing."""

    def meet(self, page: Found) -> "Sweep":
        """Return the sweep that is about to delete what a page named."""
        count = len(page.keys)
        return replace(self, erased=self.erased + count, found=self.found + count, deleting=page.keys, after=page.after)

    def end_pass(self, now: str, next_pass: str) -> "Sweep":
        """Return the sweep after the last page of a pass was deleted."""
        clean = now if self.found == 0 else None
        return replace(self, deleting=(), after=None, found=0, not_before=next_pass, rescanned_at=clean)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of one tenant. `revision` grows with each step, so that of two workers one gives way."""

    tenant_id: str
    started_at: str
    revision: int = 0
    sweeps: Mapping[str, Sweep] = field(default_factory=dict)

    def sweep(self, store: str) -> Sweep:
        """Return how far a store is."""
        return self.sweeps.get(store, Sweep(self.started_at))

    def advance(self, store: str, sweep: Sweep) -> "Erasure":
        """Return the erasure one step on."""
        return replace(self, revision=self.revision + 1, sweeps={**self.sweeps, store: sweep})


@dataclass(frozen=True, slots=True)
class Statement:
    """What a certificate states: how much was deleted, and that a later look at every store found nothing more."""

    certificate_id: str
    stage: str
    tenant_id: str
    offboarded_at: str
    certified_at: str
    stores: Mapping[str, Mapping[str, Any]]
    kept: tuple[str, ...]
    """What there still is, and for how long."""

    def payload(self) -> bytes:
        """Return the bytes that are signed: JSON, keys sorted, no white space."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A signed statement. `signature` is ECDSA over SHA-256 of `payload`, base64 of DER."""

    tenant_id: str
    payload: str
    signature: str
    algorithm: str
    key_arn: str
