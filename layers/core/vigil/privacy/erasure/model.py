"""The erasure of all that was somebody's, store by store, and the certificate of it. Pure values and rules."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

Key = Mapping[str, str]
"""What names one thing in a store."""
StoreResults = Mapping[str, Mapping[str, Any]]
"""By store: how many were erased, and when a later look found nothing more."""
RETAINED_TENANT_DATA = (
    "The tenant's id, tier, status and dates, so that the id is not given again, and this certificate.",
    "Point-in-time backups of whole tables, for 35 days; after a restore the erasure is repeated.",
    "Log lines, for as long as logs are kept: ids of the tenant, its keys and decisions, and nothing of persons.",
)


@dataclass(frozen=True, slots=True)
class FoundKeys:
    """Some of what a store keeps of a tenant, and where to look on; None at the end."""

    keys: tuple[Key, ...]
    after: Key | None


@dataclass(frozen=True, slots=True)
class StoreProgress:
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

    def with_page(self, page: FoundKeys) -> "StoreProgress":
        """Return the sweep that is about to delete what a page named."""
        count = len(page.keys)
        return replace(self, erased=self.erased + count, found=self.found + count, deleting=page.keys, after=page.after)

    def end_pass(self, now: str, next_pass: str) -> "StoreProgress":
        """Return the sweep after the last page of a pass was deleted."""
        clean = now if self.found == 0 else None
        return replace(self, deleting=(), after=None, found=0, not_before=next_pass, rescanned_at=clean)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of all that is a tenant's. `revision` grows with each step, so that of two workers one gives way."""

    tenant_id: str
    started_at: str
    revision: int = 0
    progress: Mapping[str, StoreProgress] = field(default_factory=dict)

    @property
    def owner(self) -> Any:
        """Whose: what stores are asked by."""
        return self.tenant_id

    def payload(self, certificate_id: str, stage: str, certified_at: str, stores: StoreResults) -> bytes:
        """Return the statement that a certificate signs."""
        return ErasureStatement(
            certificate_id, stage, self.tenant_id, self.started_at, certified_at, stores, RETAINED_TENANT_DATA
        ).payload()

    def progress_of(self, store: str) -> StoreProgress:
        """Return how far a store is."""
        return self.progress.get(store, StoreProgress(self.started_at))

    def with_progress(self, store: str, sweep: StoreProgress) -> Self:
        """Return the erasure one step on."""
        return replace(self, revision=self.revision + 1, progress={**self.progress, store: sweep})


@dataclass(frozen=True, slots=True)
class ErasureStatement:
    """What a certificate states: how much was deleted, and that a later look at every store found nothing more."""

    certificate_id: str
    stage: str
    tenant_id: str
    offboarded_at: str
    certified_at: str
    stores: StoreResults
    kept: tuple[str, ...]
    """What there still is, and for how long."""

    def payload(self) -> bytes:
        """Return the bytes that are signed."""
        return canonical_json(asdict(self))


@dataclass(frozen=True, slots=True)
class Certificate:
    """A signed statement. `signature` is ECDSA over SHA-256 of `payload`, base64 of DER."""

    tenant_id: str
    payload: str
    signature: str
    algorithm: str
    key_arn: str


def encode_progress(progress: Mapping[str, StoreProgress]) -> str:
    """Return the progress of an erasure as JSON, by store."""
    return json.dumps({name: asdict(store) for name, store in progress.items()})


def decode_progress(text: str) -> dict[str, StoreProgress]:
    """Return the progress that `encode_progress` wrote."""
    return {
        name: StoreProgress(**{**store, "deleting": tuple(store["deleting"])})
        for name, store in json.loads(text).items()
    }


def canonical_json(statement: Mapping[str, Any]) -> bytes:
    """Return the bytes of a statement: JSON, keys sorted, no white space."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
