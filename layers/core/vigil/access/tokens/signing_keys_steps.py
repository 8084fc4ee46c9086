"""Lambda handler of Secrets Manager's rotation events for the secret with the signing keys."""

from typing import Any

from vigil.access.tokens.signing_keys_rotation import SigningKeyRotation
from vigil.errors import FieldError, MalformedRequest
from vigil.runtime.telemetry import Telemetry

Event = dict[str, Any]


class RotationSteps:
    """Handles rotation events of Secrets Manager: runs the step that an event names (`createSecret` to `finishSecret`).

    One log line per event, also for a failed step.
    """

    def __init__(self, rotation: SigningKeyRotation, telemetry: Telemetry, secret_arn: str) -> None:
        self._steps = {
            "createSecret": rotation.create,
            "setSecret": rotation.publish,
            "testSecret": rotation.test,
            "finishSecret": rotation.finish,
        }
        self._telemetry = telemetry
        self._secret_arn = secret_arn

    def handle(self, event: Event, _: Any) -> None:
        """Run one step. Secrets Manager retries after any exception."""
        facts, started = self._telemetry.begin("ROTATE")
        try:
            step = self._steps.get(event["Step"])
            if step is None or event["SecretId"] != self._secret_arn:
                raise MalformedRequest(FieldError("Step, SecretId", "is not a rotation step of this secret"))
            facts.route = event["Step"]
            step(event["ClientRequestToken"])
            facts.status = 200
        finally:
            self._telemetry.end(facts, started)
