"""Identity of findings: one id per finding, also after a second judgement of its day."""

import hashlib

from vigil.monitoring.findings.model import Finding

FINDING_PREFIX = "fnd-"
"""Prefix of the id of a finding in the API."""


def finding_id(tenant_id: str, model: str, finding: Finding) -> str:
    """Return the id of a finding, unique over all tenants: `fnd-` and 32 hexadecimal digits.

    The id depends on tenant, model, version, source, family, kind, subjects and day alone. So a second judgement of a
    day gives the same id.
    """
    origin = tenant_id, model, str(finding.version), finding.source
    parts = (*origin, finding.family, finding.kind, finding.day, *finding.subjects)
    return FINDING_PREFIX + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
