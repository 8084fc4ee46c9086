"""Identifiers derived from other identifiers."""

import hashlib


def subject_digest(tenant_id: str, subject_id: str) -> str:
    """Return what stands for a subject in keys: they appear in places where values do not."""
    return hashlib.sha256(f"{tenant_id}#{subject_id}".encode()).hexdigest()[:40]
