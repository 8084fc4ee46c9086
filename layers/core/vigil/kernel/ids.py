"""Identifiers derived from other identifiers."""

import hashlib


def subject_digest(tenant_id: str, subject_id: str) -> str:
    """Return the pseudonym of a subject for keys, which appear in places where personal data must not."""
    return hashlib.sha256(f"{tenant_id}#{subject_id}".encode()).hexdigest()[:40]
