"""Wiring of jobs that go round all tenants."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process

if TYPE_CHECKING:
    from vigil.workers.sweeps.ports import Job


def schedule(name: str, job: "Job", table: str) -> process.Handler:
    """Return the Lambda entry of a job's schedule; the table keeps how far it came."""
    from vigil.workers.sweeps.schedule import RoundsSchedule
    from vigil.workers.sweeps.service import Rounds
    from vigil.workers.sweeps.store import DynamoPlaces

    places = DynamoPlaces(process.client("dynamodb"), table, name)
    rounds = Rounds(access.tenants().ids, job, places, process.now)
    return process.telemetry().wrap(RoundsSchedule(name, rounds, process.telemetry()).handle)
