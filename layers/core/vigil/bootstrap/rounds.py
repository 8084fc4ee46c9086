"""Wiring of jobs that go round all tenants."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process

if TYPE_CHECKING:
    from vigil.workers.sweeps.ports import SweepJob


def schedule(name: str, job: "SweepJob", table: str) -> process.Handler:
    """Return the Lambda entry of a job's schedule; the table keeps how far it came."""
    from vigil.workers.sweeps.schedule import SweepSchedule
    from vigil.workers.sweeps.service import TenantSweep
    from vigil.workers.sweeps.store import DynamoCheckpointStore

    places = DynamoCheckpointStore(process.client("dynamodb"), table, name)
    rounds = TenantSweep(access.tenants().ids, job, places, process.now)
    return process.telemetry().wrap(SweepSchedule(name, rounds, process.telemetry()).handle)
