"""A planted bug of the store of circuits, which a test must detect."""

from vigil.outbound.breakers.model import NO_CALLS, Circuit, Counts
from vigil.outbound.breakers.store import DynamoCircuits


class UnfencedCircuits(DynamoCircuits):
    """Stores a transition over the current circuit instead of over the one that it was made from."""

    def change(self, before: Circuit, after: Circuit, counts: Counts = NO_CALLS) -> bool:
        return super().change(self.get(before.id), after, counts)
