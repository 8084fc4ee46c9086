"""The bench of a vector store, and the register of cases."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.support.vectors import SPACE
from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import PassageVector, VectorMatch
from vigil.assistant.retrieval.ports import VectorStore

TOLERANCE = 1e-5
"""Maximum difference of a cosine: some stores compute with single precision."""


@dataclass
class Outage:
    """A time without the service behind the store. `seconds` is the sum of the time limits that calls have set."""

    seconds: float = 0.0


@dataclass
class StoreBench:
    """A new, empty store with its faults. If its service shows writes late, `store` waits for them.

    `outage` makes every call to the service behind the store fail or hang while it is open. `forge(tenant)` stores a
    record of the document `forged`, version 1, for a tenant, but with the mark of another one.
    """

    store: VectorStore
    outage: Callable[[], AbstractContextManager[Outage]]
    forge: Callable[[str], None]


Case = Callable[[StoreBench], None]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Register a case."""
    CASES[function.__name__] = function
    return function


def ids(matches: Sequence[VectorMatch]) -> list[PassageId]:
    """Return the passages of matches."""
    return [match.passage_id for match in matches]


def filled(bench: StoreBench, tenant_id: str = "ten-a", *vectors: PassageVector) -> VectorStore:
    """Return the store with a space and vectors of a tenant."""
    bench.store.initialise(tenant_id, SPACE)
    bench.store.upsert(tenant_id, vectors)
    return bench.store
