"""Plans of actions: the changes of an action, fixed before the first of them is made."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes that an action makes.

    `effects` has one sentence per change; it is empty if the state is already the wanted one. `facts` name the changed
    resources and the states from which they are changed. A plan with a `refusal` is not carried out.
    """

    effects: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the effects and facts. Plans with equal digests make the same changes from the same state."""
        document = json.dumps([self.effects, sorted(self.facts.items())], separators=(",", ":"))
        return hashlib.sha256(document.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan under the token of its step. `is_done` is True after its last change."""

    plan: Plan
    is_done: bool = False
