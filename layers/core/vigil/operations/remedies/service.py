"""Actions with a plan: the plan is stored before the first change, so that a repeated step continues it."""

from vigil.errors import Conflict
from vigil.operations.incidents.steps_model import Preview, Scope
from vigil.operations.remedies.ports import PlanStore, Remedy


class PlannedAction:
    """An action of a runbook. See `vigil.operations.incidents.steps_model.Action`."""

    def __init__(self, remedy: Remedy, plans: PlanStore) -> None:
        self._remedy = remedy
        self._plans = plans

    def preview(self, scope: Scope) -> Preview:
        """Return the changes that the action would make. It reads only. Raises NotFound and Unavailable."""
        plan = self._remedy.plan(scope)
        return Preview(plan.effects, is_needed=bool(plan.effects), refusal=plan.refusal, digest=plan.digest)

    def apply(self, scope: Scope, token: str, confirmed: str | None = None) -> tuple[str, ...]:
        """Make the changes and return one sentence per change.

        A call with the same token continues the stored plan, or returns its effects if it is done. Raises Conflict for
        a refused plan, for a plan whose digest is not the confirmed one, and for a resource that was changed otherwise.
        Raises NotFound for a deleted resource, and Unavailable.
        """
        stored = self._plans.find(token)
        if stored is None:
            plan = self._remedy.plan(scope)
            if plan.refusal:
                raise Conflict(plan.refusal)
            if confirmed is not None and plan.digest != confirmed:
                raise Conflict("The state was changed since the dry run. Run the step again.")
            stored = self._plans.begin(token, plan)
        if not stored.is_done:
            if stored.plan.effects:
                self._remedy.carry_out(scope, stored.plan, token)
            self._plans.end(token)
        return stored.plan.effects
