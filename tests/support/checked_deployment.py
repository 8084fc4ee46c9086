"""A healthy deployment in memory for the checks of runbooks, with one tenant, two keys and a queue."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from tests.support.breaker_processes import Process
from tests.support.fakes.clock import Clock
from tests.support.fakes.diagnosis import FakeSources
from vigil.access.keys.model import ApiKey
from vigil.errors import NotFound, Unavailable
from vigil.operations.circuit_breakers.service import Circuits
from vigil.operations.dead_letters.model import JobPage
from vigil.operations.diagnosis.availability_service import AvailabilityChecks
from vigil.operations.diagnosis.breaches_service import BreachChecks
from vigil.operations.diagnosis.data_service import DataChecks
from vigil.operations.diagnosis.error_rates_service import ErrorRateChecks
from vigil.operations.diagnosis.model import ChampionState, QueueDepth
from vigil.operations.diagnosis.models_service import ModelChecks
from vigil.operations.diagnosis.service import SafeCheck
from vigil.operations.incidents.steps_model import Evidence, Scope
from vigil.operations.remedies.functions_model import FunctionVersion, LiveAlias

API = (("ApiName", "vigil"), ("Stage", "local"))
LEAKED, ENDED = "a" * 16, "b" * 16
SCOPE = Scope("inc-1", function="scoring_api", model="toy", tenant_id="acme", key_ids=(LEAKED, ENDED))


def lambda_name(function: str) -> str:
    """Return the name of a function in Lambda."""
    return f"stack-{function.replace('_', '-')}"


class Keys:
    """Two keys of a tenant, one of them revoked."""

    def __init__(self, sources: FakeSources) -> None:
        self.sources = sources
        self.revoked = {ENDED}

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """Return a key."""
        if self.sources.is_away:
            raise Unavailable("The access table did not answer.")
        if key_id not in {LEAKED, ENDED}:
            raise NotFound("There is no API key with this id.")
        end = "2026-03-01T11:00:00Z" if key_id in self.revoked else None
        return ApiKey(key_id, tenant_id, "member", "2026-01-01T00:00:00Z", revoked_at=end, last_used_at="2026-03-01")


class Tenants:
    """The only tenant of the deployment."""

    def get(self, tenant_id: str) -> Any:
        """Return the tenant."""
        if tenant_id != "acme":
            raise NotFound("There is no such tenant.")
        return SimpleNamespace(tenant_id=tenant_id)


class Jobs:
    """Parked jobs by their queues."""

    def __init__(self) -> None:
        self.queues: list[str] = []

    def page(self, _: object, wanted: Any, __: object, ___: object) -> JobPage:
        """Return the parked jobs."""
        assert wanted.state == "parked"
        jobs: Any = tuple(SimpleNamespace(queue=queue) for queue in self.queues)
        return JobPage(jobs, None)


class CheckedDeployment:
    """Healthy sources, and every check over them."""

    def __init__(self) -> None:
        self.sources, self.clock, self.process = FakeSources(), Clock(), Process()
        self.sources.published = [FunctionVersion(number, "2026-02-01T12:00:00.000+0000") for number in (1, 2)]
        self.sources.alias = LiveAlias(2, "r")
        self.sources.champions = {"toy": ChampionState(2)}
        self.keys, self.jobs = Keys(self.sources), Jobs()
        self.data = FakeSources(tables={"decisions": timedelta(milliseconds=4), "usage": timedelta(milliseconds=5)})
        self.data.queues = [QueueDepth("batch-chunks", 3, 0)]

    def run(self, name: str, scope: Scope = SCOPE) -> Evidence:
        """Run a check by its method."""
        sources: Any = self.sources
        data: Any = self.data
        jobs: Any = self.jobs
        circuits = Circuits(self.process.store, self.process.observer, lambda _: None, self.clock)
        owners = (
            AvailabilityChecks(sources, sources, sources, sources, lambda_name, self.clock),
            ErrorRateChecks(sources, sources, circuits, Tenants(), API),
            ModelChecks(sources, sources, sources),
            DataChecks(data, data, jobs, data),
            BreachChecks(Tenants(), self.keys, sources, sources),
        )
        return SafeCheck(next(getattr(owner, name) for owner in owners if hasattr(owner, name)), "The source").run(
            scope
        )
