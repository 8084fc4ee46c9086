"""Limits of notices that a tenant reads and replaces."""

from dataclasses import replace

from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.ports import LimitStore
from vigil.alerting.oncall.changes import expect_version, retry_change
from vigil.runtime.retries import TryAgain


class TenantLimits:
    """Limits of all tenants."""

    def __init__(self, store: LimitStore) -> None:
        self._store = store

    def read(self, tenant_id: str) -> NoticeLimits:
        """Return the limits of a tenant, or the defaults with version 0 if it has set none. Raises Unavailable."""
        return self._store.limits(tenant_id)

    def replace(self, tenant_id: str, limits: NoticeLimits, version: int | None) -> NoticeLimits:
        """Replace all limits and return them with their new version.

        `version` is the version to replace, or None for any version. Raises PreconditionFailed for another version,
        Conflict after five lost races, and Unavailable.
        """

        def attempt() -> NoticeLimits:
            old = expect_version(self._store.limits(tenant_id), version)
            changed = replace(limits, version=old.version + 1)
            if not self._store.set_limits(tenant_id, changed):
                raise TryAgain
            return changed

        return retry_change(attempt)
