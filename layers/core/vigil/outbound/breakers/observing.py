"""The observer of circuits that writes log lines with metrics, and publishes an event for each transition."""

from vigil.outbound.breakers.model import Circuit, CircuitId, Transition
from vigil.outbound.breakers.ports import EventBus
from vigil.runtime.telemetry import Telemetry


class CircuitEvents:
    """Observer with a log line, a metric by family of circuits, and an event on the bus for each transition.

    An event that the bus does not accept is counted by the metric `CircuitEventsLost` and sent again later.
    """

    def __init__(self, telemetry: Telemetry, bus: EventBus) -> None:
        self._telemetry = telemetry
        self._bus = bus

    def observe(self, circuit_id: CircuitId, transition: Transition) -> bool:
        """Observe an opening or closing. Return False if its event was not accepted and must be sent again."""
        if transition.name == "opened":
            counts = {"failures": transition.failed, "calls": transition.calls}
            self._log("circuit_opened", circuit_id, failed=True, epoch=transition.epoch, **counts)
        else:
            self._log("circuit_closed", circuit_id, failed=False, epoch=transition.epoch)
        if self._bus.publish([transition.to_event(circuit_id)]):
            self._telemetry.log_degradation("CircuitEventsLost")
            return False
        return True

    def changed(self, circuit: Circuit) -> None:
        """Observe a change by hand. The log line has no reason, because it is free text."""
        if change := circuit.last_change:
            self._log(
                "circuit_changed", circuit.id, failed=False, epoch=circuit.epoch, change=change.name, by=change.by
            )

    def blind(self, circuit_id: CircuitId) -> None:
        """Observe that the store of circuits did not answer, so that local rules apply."""
        self._log("CircuitsBlind", circuit_id, failed=True)

    def _log(self, name: str, circuit_id: CircuitId, *, failed: bool, **facts: str | int) -> None:
        owner = {"tenant_id": circuit_id.tenant_id} if circuit_id.tenant_id else {}
        about = ("circuit_family", circuit_id.family)
        self._telemetry.log_event(name, failed=failed, about=about, circuit=circuit_id.name, **owner, **facts)
