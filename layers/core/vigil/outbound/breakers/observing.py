"""The observer of circuits that writes log lines with metrics, and publishes an event for each transition."""

from vigil.outbound.breakers.model import Circuit, CircuitId, Transition
from vigil.outbound.breakers.ports import EventBus
from vigil.runtime.telemetry import Telemetry


class CircuitEvents:
    """Observer of all circuits: a log line, a metric by family of circuits, and an event for each transition.

    An event that the bus does not accept is counted by the metric `CircuitEventsLost` and sent again later.
    """

    def __init__(self, telemetry: Telemetry, bus: EventBus) -> None:
        self._telemetry = telemetry
        self._bus = bus

    def observe(self, circuit_id: CircuitId, transition: Transition) -> bool:
        """Log an opening or closing and publish its event. Return True if the bus accepted it.

        Return False if it must be sent again.
        """
        if transition.name == "opened":
            counts = {"failures": transition.failed, "calls": transition.calls}
            total = ("CircuitsOpened", "circuit_owner", "tenant" if circuit_id.tenant_id else "deployment")
            self._log("circuit_opened", circuit_id, failed=True, total=total, epoch=transition.epoch, **counts)
        else:
            self._log("circuit_closed", circuit_id, failed=False, epoch=transition.epoch)
        if self._bus.publish([transition.to_event(circuit_id)]):
            self._telemetry.log_degradation("CircuitEventsLost")
            return False
        return True

    def changed(self, circuit: Circuit) -> None:
        """Log a change by hand; `circuit.last_change` is this change.

        The log line has no reason, because it is free text.
        """
        if change := circuit.last_change:
            self._log(
                "circuit_changed", circuit.id, failed=False, epoch=circuit.epoch, change=change.name, by=change.by
            )

    def store_unavailable(self, circuit_id: CircuitId) -> None:
        """Log that the store of circuits did not answer, and count the metric `CircuitsBlind`.

        The process counts and decides for itself until the store answers.
        """
        self._log("CircuitsBlind", circuit_id, failed=True)

    def _log(
        self,
        name: str,
        circuit_id: CircuitId,
        *,
        failed: bool,
        total: tuple[str, str, str] | None = None,
        **facts: str | int,
    ) -> None:
        owner = {"tenant_id": circuit_id.tenant_id} if circuit_id.tenant_id else {}
        about = ("circuit_family", circuit_id.family)
        circuit = {"circuit": circuit_id.name, **owner}
        self._telemetry.log_event(name, failed=failed, about=about, total=total, **circuit, **facts)
