"""Identity of findings: one id per finding, however often its day is judged."""

import hashlib

from vigil.monitoring.findings.model import Finding

FINDING_PREFIX = "fnd-"
"""Prefix of the id of a finding in the API."""


def finding_id(model: str, finding: Finding) -> str:
    """Return the id of a finding: `fnd-` and 32 hexadecimal digits.

    The id depends on model, version, source, family, kind, subjects and day alone. A second judgement of a day
    therefore gives the same id. Findings of two tenants can have the same id.
    """
    parts = (model, str(finding.version), finding.source, finding.family, finding.kind, finding.day, *finding.subjects)
    return FINDING_PREFIX + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
