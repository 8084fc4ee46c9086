"""Checks of a breach of security: the keys of the incident, refused sign-ins, and the isolation of tenants."""

from vigil.access.keys.model import ApiKey
from vigil.errors import NotFound
from vigil.kernel.metrics import OWN_METRICS
from vigil.operations.diagnosis.model import DAY, Metric, conclude
from vigil.operations.diagnosis.ports import AlarmStates, KeyRecords, MetricTotals, TenantRecords
from vigil.operations.diagnosis.service import counted, missing_tenant
from vigil.operations.incidents.steps_model import Evidence, Scope

_REFUSALS = "SignInsRefused"
_BREACHES = "Breaches"
_ISOLATION_BREACHES = {"tenant-trespass"}
"""Kinds of breaches between tenants. A forged signature is refused and opens nothing."""
_ISOLATION_ALARMS = ("tenants-trespassed", "usage-not-the-ledger", "usage-not-audited")
"""Ends of the names of alarms about data of other tenants, and about usage that differs from the ledger."""
_NO_OWNER = "The incident has keys without their tenant. Open an incident whose scope has both."
_NO_KEY = "A key of the incident was not found. Allowed are ids of keys of the incident's tenant."


class BreachChecks:
    """Checks of credentials and of the separation of tenants. Every check raises Unavailable."""

    def __init__(self, tenants: TenantRecords, keys: KeyRecords, metrics: MetricTotals, alarms: AlarmStates) -> None:
        self._tenants = tenants
        self._keys = keys
        self._metrics = metrics
        self._alarms = alarms

    def scope_of_breach(self, scope: Scope) -> Evidence:
        """Return the keys of the incident, and the refused sign-ins of the whole deployment in the last 24 hours.

        A valid key is returned with its last use. A valid key or a refused sign-in gives the verdict `faulty`. A
        tenant or key that is not found gives the verdict `unknown` without a fault.
        """
        faults, others, missing = [], [], self._missing_owner(scope)
        for key_id in scope.key_ids:
            if (key := self._key(scope.tenant_id, key_id)) is None:
                others.append((key_id, "not found"))
                missing = missing or _NO_KEY
            elif key.revoked_at:
                others.append((key_id, f"revoked at {key.revoked_at}"))
            else:
                faults.append((key_id, f"valid, role {key.role}, last used {key.last_used_at or 'never'}"))
        faults += [
            (_place(metric), f"{count:.0f} refusals of sign-ins in 24 hours")
            for metric, count in counted(self._metrics, OWN_METRICS, _REFUSALS, DAY)
        ]
        return conclude(faults, "No key of the incident is valid.", "Open keys or sources", others, missing=missing)

    def _missing_owner(self, scope: Scope) -> str:
        """Return the sentence about a missing tenant of an incident, or ""."""
        if scope.key_ids and not scope.tenant_id:
            return _NO_OWNER
        return missing_tenant(self._tenants, scope.tenant_id)

    def _key(self, tenant_id: str, key_id: str) -> ApiKey | None:
        """Return a key of a tenant, or None without a tenant or such a key. Raises Unavailable."""
        if not tenant_id:
            return None
        try:
            return self._keys.get(tenant_id, key_id)
        except NotFound:
            return None

    def audit_and_isolation(self, _: Scope) -> Evidence:
        """Return the broken rules of isolation of the whole deployment in the last 24 hours.

        The firing alarms of isolation and of the usage audit are returned too.
        """
        faults = [
            (alarm.name, f"fires since {alarm.since}")
            for alarm in self._alarms.firing()
            if alarm.name.endswith(_ISOLATION_ALARMS)
        ]
        faults += [
            (_place(metric), f"{count:.0f} broken rules in 24 hours")
            for metric, count in counted(self._metrics, OWN_METRICS, _BREACHES, DAY)
            if _ISOLATION_BREACHES & set(dict(metric.dimensions).values())
        ]
        return conclude(faults, "Tenants are separate, and usage equals the ledger.", "Findings of isolation")


def _place(metric: Metric) -> str:
    return " ".join(value for _, value in metric.dimensions) or metric.name
