"""Promotion of model versions, and comparison of challenger and champion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vigil.errors import FieldError, InvalidInput, ModelRefused, NotFound
from vigil.kernel.time import format_timestamp
from vigil.prediction.packages.ports import CHALLENGER, CHAMPION, Pointer, VersionListing
from vigil.prediction.trials.evidence_model import DECISIVE, TrialEvidence, first_due, weigh_outcomes
from vigil.prediction.trials.model import PairedComparison, TrialReport, compare_versions
from vigil.prediction.trials.ports import ComparisonStore, LabelReader, VersionCatalogue

MAX_COMPARED_REQUESTS = 10_000
"""Maximum requests in a comparison; the newest ones are used."""
EVIDENCE_STEPS = (10_000, 20_000, 40_000)
"""Numbers of requests whose outcomes are weighed, until they decide the trial or there are no more."""


@dataclass(frozen=True, slots=True)
class TrialOutcomes:
    """Outcomes of the requests that two versions of a model have answered."""

    comparisons: ComparisonStore
    labels: LabelReader
    clock: Callable[[], datetime]

    def weigh(
        self, name: str, champion: int, challenger: int, tenant_id: str | None = None, decisive: float = DECISIVE
    ) -> TrialEvidence | None:
        """Return the evidence of the oldest requests: later ones only add to them, so that it may stop the trial.

        More requests are read until the evidence for or against the challenger is `decisive`, at most 40,000. With a
        tenant, the requests of all other tenants are left out. The result is None if no label can become due.
        """
        found: TrialEvidence | None = None
        for limit in EVIDENCE_STEPS:
            oldest = self.comparisons.oldest(name, champion, challenger, limit)
            if not any(pair.comparison.label_due_at for pair in oldest):
                return None
            found = self._weigh_pairs([pair for pair in oldest if tenant_id in {None, pair.tenant_id}])
            if len(oldest) < limit or max(found.better or 0, found.worse or 0) >= decisive:
                break
        return found

    def _weigh_pairs(self, pairs: Sequence[PairedComparison]) -> TrialEvidence:
        now = format_timestamp(self.clock())
        due = first_due(found for pair in pairs if (found := pair.due_pair(now)) is not None)
        return weigh_outcomes(due, self.labels.labels([pair.decision for pair in due]))


@dataclass(frozen=True, slots=True)
class TrialService:
    """Promotion and trials of all models, for all tenants at once: models belong to the deployment."""

    catalogue: VersionCatalogue
    outcomes: TrialOutcomes

    def versions(self, name: str) -> Sequence[VersionListing]:
        """Return the published versions of a model, oldest first; raise NotFound for an unknown model."""
        return self.catalogue.versions(name)

    def promote(self, name: str, version: int, alias: str, share: int) -> Pointer:
        """Point an alias at a version; repeating this has no effect.

        Raises NotFound, InvalidInput with every failed check, or Conflict if another move came first.
        """
        try:
            return self.catalogue.promote(name, version, alias, share)
        except ModelRefused as error:
            raise InvalidInput(
                FieldError("version", f"is refused: {error.reason}", "a package that verifies")
            ) from error

    def withdraw(self, name: str, alias: str) -> Pointer:
        """End the trial of the challenger, or the service of the champion; raise NotFound if there is none."""
        return self.catalogue.withdraw(name, alias)

    def compare(self, name: str) -> TrialReport:
        """Return the comparison of challenger and champion; raise NotFound unless both exist."""
        pointers = self.catalogue.pointers(name)
        if not pointers.keys() >= {CHAMPION, CHALLENGER}:
            raise NotFound("there is no challenger to compare; promote one first")
        champion, challenger = pointers[CHAMPION].version, pointers[CHALLENGER].version
        recent = self.outcomes.comparisons.recent(name, champion, challenger, MAX_COMPARED_REQUESTS)
        found = compare_versions(champion, challenger, recent)
        return replace(found, outcomes=self.outcomes.weigh(name, champion, challenger))
