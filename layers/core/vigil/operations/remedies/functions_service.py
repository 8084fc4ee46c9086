"""Actions on functions: a return to the older version, and a pause of the intake of batches."""

from vigil.errors import Conflict, NotFound
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.functions_model import EventSource, LiveAlias, older_version, rollback_refusal
from vigil.operations.remedies.model import Plan
from vigil.operations.remedies.ports import EventSources, FunctionVersions, LeftVersions

DEFAULT_FUNCTION = "scoring_api"
"""Function of an incident that names none."""
INTAKE_FUNCTIONS = ("batches_split", "batches_chunk", "batches_assembly")
"""Functions whose queues fill while the intake is paused."""
_SEPARATOR = ","


class FunctionRollback:
    """Points the live alias of a function at the version before, and ends a canary.

    Versions that an earlier rollback has left are skipped, because numbers alone do not tell that they were bad.
    """

    def __init__(self, functions: FunctionVersions, left: LeftVersions) -> None:
        self._functions = functions
        self._left = left

    def plan(self, scope: Scope) -> Plan:
        """Return the plan that points the live alias at the older version.

        The plan has a `refusal` if the function is unknown, or has no older version. It also has one if the older
        version has other model keys or lower floors. Raises NotFound and Unavailable.
        """
        function = scope.function or DEFAULT_FUNCTION
        try:
            live, versions = self._functions.live(function), self._functions.versions(function)
        except NotFound:
            return Plan(refusal="There is no function with this name in the deployment.")
        target = older_version(live, versions, self._left.versions(function))
        known = {each.number: each for each in versions}
        if target is None or target not in known or live.newest not in known:
            return Plan(refusal=f"Version {live.newest} of {function} has no older version.")
        facts = {"function": function, "from": str(live.newest), "to": str(target), "revision": live.revision}
        return Plan(
            effects=(f"{function} returns from version {live.newest} to version {target}.",),
            facts=facts,
            refusal=rollback_refusal(known[live.newest], known[target]),
        )

    def carry_out(self, _: Scope, plan: Plan, __: str) -> None:
        """Move the alias from the planned state only, and record that its version was left.

        An alias that is already at the planned version does not move.

        Raises Conflict if a deployment has moved it otherwise, NotFound, and Unavailable.
        """
        function, target = plan.facts["function"], int(plan.facts["to"])
        live = self._functions.live(function)
        is_moved = live.revision == plan.facts["revision"] and self._functions.move(function, live, target)
        if not is_moved and not _is_at(self._functions.live(function), target):
            raise Conflict(f"The live version of {function} was changed since the plan. Preview the action again.")
        self._left.leave(function, int(plan.facts["from"]))


class IntakePause:
    """Disables the event sources of batches, so that their messages wait in the queues."""

    def __init__(self, sources: EventSources) -> None:
        self._sources = sources

    def plan(self, scope: Scope) -> Plan:
        """Return the plan that disables the event sources of all queues of batches, or of the queue of the incident.

        The plan has a `refusal` if that queue is not a queue of batches. It has no effects if all are disabled already.
        Raises NotFound and Unavailable.
        """
        found = [each for each in self.find() if not scope.queue or each.queue == scope.queue]
        if scope.queue and not found:
            return Plan(refusal="The queue of the incident is not a queue of batches.")
        enabled = [each for each in found if each.is_enabled]
        return Plan(
            effects=tuple(f"{each.function} no longer reads the queue {each.queue}." for each in enabled),
            facts={"sources": _SEPARATOR.join(each.id for each in enabled)},
        )

    def carry_out(self, _: Scope, plan: Plan, __: str) -> None:
        """Disable each event source of the plan that is still enabled. Raises NotFound and Unavailable."""
        planned = plan.facts["sources"].split(_SEPARATOR)
        for source in self.find():
            if source.id in planned and source.is_enabled:
                self._sources.switch(source.id, is_enabled=False)

    def find(self) -> list[EventSource]:
        """Return all event sources of the intake. Raises NotFound and Unavailable."""
        return [source for function in INTAKE_FUNCTIONS for source in self._sources.sources(function)]

    def resume(self) -> list[EventSource]:
        """Enable every disabled event source of the intake, and return the event sources as they were before.

        Raises NotFound and Unavailable.
        """
        paused = [source for source in self.find() if not source.is_enabled]
        for source in paused:
            self._sources.switch(source.id, is_enabled=True)
        return paused


def _is_at(live: LiveAlias, version: int) -> bool:
    return live.version == version and live.canary is None
