"""Progress of an erasure, store by store, and its certificate."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

Key = Mapping[str, str]
"""Primary key of a stored item or object."""
StoreResults = Mapping[str, Mapping[str, Any]]
"""Result per store: the number of erased items, and the time of a later scan that found no more."""
RETAINED_TENANT_DATA = (
    "The tenant's id, tier, status and dates, so that the id is not reused, and this certificate.",
    "Point-in-time backups of whole tables, for 35 days; after a restore the erasure is repeated.",
    "Alerts of the operators about the tenant, for 400 days after their resolution: ids and no data of persons.",
    "Incidents of the deployment, for six years: ids of the tenant and its keys, and no data of persons.",
    "Log lines, until the log retention ends: ids of the tenant, its keys and decisions, and no data of persons.",
    "The ten latest occurrences of each error, until 90 days after the last one: ids of the tenant and its requests.",
)
"""Data that remains after a tenant's erasure, and for how long. The certificate contains these sentences."""


@dataclass(frozen=True, slots=True)
class FoundKeys:
    """One page of a tenant's or person's keys in a store, and the position of the next page; None after the last.

    `recounted` is the number of keys whose items an earlier pass has counted.
    """

    keys: tuple[Key, ...]
    after: Key | None
    recounted: int = 0


@dataclass(frozen=True, slots=True)
class StoreProgress:
    """Progress of an erasure in one store. A pass goes through all pages; a pass without finds makes the store clean.

    `deleting` is saved before the deletion, in the same step that counts the items. After a crash the same keys are
    deleted again but not counted again.
    """

    not_before: str
    """Earliest time of the next pass, ISO 8601. An index may still list deleted items for a moment."""
    erased: int = 0
    """Number of erased items."""
    deleting: tuple[Key, ...] = ()
    after: Key | None = None
    found: int = 0
    """Number of items that this pass has found."""
    rescanned_at: str | None = None
    """Time of a complete pass without finds."""

    def with_page(self, page: FoundKeys) -> "StoreProgress":
        """Return the progress before the deletion of the keys of a page."""
        erased = self.erased + len(page.keys) - page.recounted
        return replace(self, erased=erased, found=self.found + len(page.keys), deleting=page.keys, after=page.after)

    def end_pass(self, now: str, next_pass: str, *, is_final: bool = True) -> "StoreProgress":
        """Return the progress after the last page of a pass was deleted; only a final pass makes the store clean."""
        rescanned_at = now if is_final and self.found == 0 else None
        return replace(self, deleting=(), after=None, found=0, not_before=next_pass, rescanned_at=rescanned_at)


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erasure of all data of a tenant.

    `revision` grows with each step, so only one of two concurrent workers can save it.
    """

    tenant_id: str
    started_at: str
    revision: int = 0
    progress: Mapping[str, StoreProgress] = field(default_factory=dict)

    @property
    def owner(self) -> Any:
        """Owner of the data in the form that stores accept."""
        return self.tenant_id

    def payload(self, certificate_id: str, stage: str, certified_at: str, stores: StoreResults) -> bytes:
        """Return the bytes of the statement that the certificate signs."""
        return ErasureStatement(
            certificate_id, stage, self.tenant_id, self.started_at, certified_at, stores, RETAINED_TENANT_DATA
        ).payload()

    def progress_of(self, store: str) -> StoreProgress:
        """Return the progress in one store."""
        return self.progress.get(store, StoreProgress(self.started_at))

    def with_progress(self, store: str, progress: StoreProgress) -> Self:
        """Return the erasure after one more step in a store."""
        return replace(self, revision=self.revision + 1, progress={**self.progress, store: progress})


@dataclass(frozen=True, slots=True)
class ErasureStatement:
    """Content of a certificate: the number of erased items per store, and the time of a scan that found no more."""

    certificate_id: str
    stage: str
    tenant_id: str
    offboarded_at: str
    certified_at: str
    stores: StoreResults
    kept: tuple[str, ...]
    """Data that remains, and for how long."""

    def payload(self) -> bytes:
        """Return the bytes to sign."""
        return canonical_json(asdict(self))


@dataclass(frozen=True, slots=True)
class Certificate:
    """A signed statement. `signature` is ECDSA over the SHA-256 of `payload`, as base64 of DER."""

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
    """Return compact JSON with sorted keys."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
