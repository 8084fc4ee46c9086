"""A scoring service over fakes."""

from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import FakeLedger, FakeModels, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.scoring.model import ScoreRequest
from vigil.decisions.scoring.service import Scoring

REQUEST = ScoreRequest("toy", "p-1", features={"age": 40, "urban": True, "stage": "II"}, explain=True)


class World:
    def __init__(self):
        self.models, self.ledger, self.clock = FakeModels(), FakeLedger(), Clock()
        self.scoring = self.service(self.ledger)

    def service(self, ledger):
        from datetime import timedelta

        return Scoring(self.models, VisitCount, ledger, self.clock, timedelta(hours=24), keys=tenant_key)
