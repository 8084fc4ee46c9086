"""Action on circuits: a circuit opened by hand."""

from vigil.errors import NotFound
from vigil.kernel.tenants import OPERATORS
from vigil.operations.circuit_breakers.service import Circuits, CircuitUser
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.model import Plan


class CircuitOpening:
    """Opens the circuit of an incident. It refuses all calls until a person resets it.

    If the tenant of the incident and the deployment have a circuit of this name, the tenant's own is opened.
    """

    def __init__(self, circuits: Circuits) -> None:
        self._circuits = circuits

    def plan(self, scope: Scope) -> Plan:
        """Return the plan that opens the circuit.

        The plan has a `refusal` if the circuit is unknown. It has no effects if a person has opened the circuit
        already. Raises Unavailable.
        """
        if not scope.circuit:
            return Plan(refusal="The incident names no circuit.")
        try:
            circuit = self._circuits.get(_user(scope), scope.circuit)
        except NotFound:
            return Plan(refusal="There is no circuit with this name. A circuit exists from its first call.")
        effect = f"The circuit {scope.circuit} refuses all calls until its reset, within 5 s."
        return Plan(() if circuit.forced else (effect,))

    def carry_out(self, scope: Scope, _: Plan, __: str) -> None:
        """Open the circuit unless it was already opened by hand. Raises NotFound, Conflict and Unavailable."""
        if not self._circuits.get(_user(scope), scope.circuit).forced:
            self._circuits.open(_user(scope), scope.circuit, f"incident {scope.incident_id}")


def _user(scope: Scope) -> CircuitUser:
    return CircuitUser(scope.tenant_id or OPERATORS, f"incident:{scope.incident_id}", is_operator=True)
