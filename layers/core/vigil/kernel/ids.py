"""Identifiers derived from other identifiers."""

import base64
import hashlib


def subject_digest(tenant_id: str, subject_id: str) -> str:
    """Return the pseudonym of a subject for keys, which appear in places where personal data must not."""
    return hashlib.sha256(f"{tenant_id}#{subject_id}".encode()).hexdigest()[:40]


def derive_id(prefix: str, operation: str, tenant_id: str, key: str, generation: int) -> str:
    """Return the id that a tenant's idempotency key gives to the record of an operation.

    Equal arguments give equal ids. `operation` is method and path; `generation` counts the expired uses of the key.
    """
    seed = f"{operation}\n{tenant_id}\n{generation}\n{key}".encode()
    return prefix + base64.b32hexencode(hashlib.sha256(seed).digest()[:20]).decode().lower()
