"""Circuits of the deployment and of the caller's tenant: list them, reset them, or open them by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from vigil.errors import Conflict, Forbidden, NotFound
from vigil.operations.circuit_breakers.ports import ChangeObserver, CircuitTable
from vigil.outbound.breakers.model import ChangeName, Circuit, CircuitChange, CircuitId
from vigil.runtime.retries import TryAgain, retry

_TRIES = 5
_NOT_FOUND = "There is no such circuit. A circuit exists from its first call; GET /v1/circuit-breakers lists all."


@dataclass(frozen=True, slots=True)
class CircuitUser:
    """The caller of the API. `author` is its role and key id as text, for the record of a change.

    `is_operator` is True if it may change circuits of the deployment.
    """

    tenant_id: str
    author: str
    is_operator: bool


class Circuits:
    """Lists and changes circuits. A caller sees those of the deployment and of its own tenant.

    Every method raises Unavailable. `tell` notifies observers of the opening or closing that a change has made.
    """

    def __init__(
        self,
        table: CircuitTable,
        observer: ChangeObserver,
        tell: Callable[[Circuit], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._table = table
        self._observer = observer
        self._tell = tell
        self._clock = clock

    def list_all(self, user: CircuitUser) -> Sequence[Circuit]:
        """Return the circuits of the deployment and then those of the tenant, each in the order of their names."""
        return [*self._table.page(None), *self._table.page(user.tenant_id)]

    def get(self, user: CircuitUser, name: str) -> Circuit:
        """Return the circuit of the tenant with this name; without one, that of the deployment.

        Raises NotFound if neither exists.
        """
        for owner in (user.tenant_id, None):
            if circuit := self._table.find(CircuitId(name, owner)):
                return circuit
        raise NotFound(_NOT_FOUND)

    def reset(self, user: CircuitUser, name: str, reason: str) -> Circuit:
        """Close a circuit, remove its failures, end a pause of its vendor, and return it.

        If the tenant and the deployment have a circuit of this name, the tenant's own is changed. Raises NotFound,
        Forbidden for a circuit of the deployment if the caller is no operator, and Conflict after five lost races.
        """
        return self._change(user, name, "reset", reason)

    def open(self, user: CircuitUser, name: str, reason: str) -> Circuit:
        """Open a circuit and return it. It refuses all calls and stays open until a person resets it.

        If the tenant and the deployment have a circuit of this name, the tenant's own is changed. Raises NotFound,
        Forbidden for a circuit of the deployment if the caller is no operator, and Conflict after five lost races.
        """
        return self._change(user, name, "forced_open", reason)

    def _change(self, user: CircuitUser, name: str, change: ChangeName, reason: str) -> Circuit:
        """Return the circuit after a change by hand. Observers are told of the change and of its transition."""

        def attempt() -> Circuit:
            before = self.get(user, name)
            if before.id.tenant_id is None and not user.is_operator:
                raise Forbidden("Only operators may change a circuit of the deployment.")
            made = CircuitChange(change, user.author, reason, self._clock())
            after = before.reset(made) if change == "reset" else before.force_open(made)
            if not self._table.change(before, after):
                raise TryAgain
            return after

        error = Conflict("The circuit is being changed by many processes; try again.")
        after = retry(attempt, attempts=_TRIES, error=error)
        self._observer.changed(after)
        self._tell(after)
        return after
