"""Action on models: the champion returns to the last good version."""

from vigil.errors import Conflict, InvalidInput, ModelRefused
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.model import Plan
from vigil.operations.remedies.ports import ModelVersions


class ChampionRestored:
    """Promotes the last good version. Floors never fall, so that version is signed again under a new number before."""

    def __init__(self, models: ModelVersions) -> None:
        self._models = models

    def plan(self, scope: Scope) -> Plan:
        """Return the plan that promotes the newest signed copy of an older version.

        The plan has a `refusal` if the model is unknown, or if no older version was signed again. Raises Unavailable.
        """
        if not scope.model or (champion := self._models.champion(scope.model)) is None:
            return Plan(refusal="The incident names no known model.")
        if (found := self._models.restorable(scope.model)) is None:
            return Plan(
                refusal=f"No version of {scope.model} above {champion.version} is an older one signed again. Run "
                f"`vigil models rollback {scope.model} VERSION --publish-only` and preview the action again."
            )
        version, older = found
        effect = f"The champion of {scope.model} moves from version {champion.version} to version {version}"
        facts = {"from": str(champion.version), "to": str(version)}
        return Plan((f"{effect}, the same model as version {older}.",), facts)

    def carry_out(self, scope: Scope, plan: Plan, _: str) -> None:
        """Promote the planned version, which has no effect if it is the champion.

        Raises Conflict if another version is the champion since the plan, or if the planned one cannot be promoted.
        Raises NotFound and Unavailable.
        """
        champion, target = self._models.champion(scope.model), int(plan.facts["to"])
        if champion is None or champion.version not in {int(plan.facts["from"]), target}:
            raise Conflict("The champion was changed since the plan. Preview the action again.")
        try:
            self._models.promote(scope.model, target)
        except (InvalidInput, ModelRefused) as error:
            raise Conflict("The planned version can no longer be promoted. Preview the action again.") from error
