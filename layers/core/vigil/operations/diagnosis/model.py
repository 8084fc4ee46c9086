"""Values that checks read, the limits of their verdicts, and evidence of several findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from vigil.operations.incidents.steps_model import Evidence

MAX_FACTS = 20
"""Maximum facts of one piece of evidence."""
_MAX_NAMED = 3
"""Maximum faults that the summary of evidence names; the facts have all of them."""
_MAX_NAME = 60
WINDOW = timedelta(minutes=15)
"""Time before a check in which it counts requests and errors."""
RECENT_DEPLOYMENT = timedelta(hours=2)
"""Age up to which a deployment is a likely cause."""
MAX_ERROR_SHARE = 0.01
"""Share of requests with a server error above which a route is faulty, as in the alarm `ServerErrors`."""
SLOW_TABLE = timedelta(seconds=2)
"""Time of an answer from which a table is faulty."""
MAX_ABSTAINING = 0.5
"""Share of abstentions among recent decisions above which a model is faulty."""
MIN_DECISIONS = 20
"""Minimum decisions for a verdict about abstentions."""
REPLAYED = 20
"""Number of recent decisions that are replayed."""
DAY = timedelta(hours=24)

Statistic = Literal["Sum", "SampleCount"]
"""Statistic of a metric."""
Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """HTTP status of one answer to a readiness request, and its latency in milliseconds. Status 0: no answer."""

    status: int
    latency_ms: float


@dataclass(frozen=True, slots=True)
class FiringAlarm:
    """One alarm in the state ALARM: its name without that of the stack, and the timestamp since which it fires."""

    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of CloudWatch with one set of dimensions, as pairs of name and value.

    The namespace OWN_METRICS is that of the stack.
    """

    namespace: str
    name: str
    dimensions: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One open group of errors. `state` is `regressed` if the group ever regressed, and otherwise `open`.

    `kind` is the title of the group for people. `last_seen_at` is the timestamp of its last occurrence.
    """

    id: str
    state: str
    kind: str
    last_seen_at: str


@dataclass(frozen=True, slots=True)
class ChampionState:
    """The champion of a model in service: its version, and the reason for which its package is refused, or "".

    A withdrawn champion has no state: see `Champions.check`.
    """

    version: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One decision without its subject. `version` is that of the model, `created_at` a timestamp."""

    tenant_id: str
    decision_id: str
    version: int
    created_at: str
    is_abstention: bool


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Short name of a queue, and the numbers of messages that wait in it and in its dead-letter queue.

    Messages in flight are not counted. The numbers are approximate.
    """

    queue: str
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class RestoreWindow:
    """Timestamps of the earliest and the latest moment to which one table can be restored.

    Both are None if point-in-time recovery is off. A time that DynamoDB does not name is `unknown`.
    """

    table: str
    earliest: str | None
    latest: str | None


def conclude(
    faults: Sequence[Fact], fine: str, wrong: str, others: Sequence[Fact] = (), *, missing: str = ""
) -> Evidence:
    """Return evidence with the verdict `faulty` if there are faults, otherwise `ok` with the sentence `fine`.

    `wrong` is a phrase for the faults, such as `Refused champions`. The summary names the first faults after it.
    `missing` is the sentence about a subject that was not found. Without faults, it gives the verdict `unknown`. The
    facts are the faults and then the others, at most MAX_FACTS.
    """
    facts = (*faults, *others)[:MAX_FACTS]
    if faults:
        return Evidence("faulty", f"{wrong}: {_named(faults)}.", facts)
    return Evidence("unknown", missing, facts) if missing else Evidence("ok", fine, facts)


def _named(faults: Sequence[Fact]) -> str:
    """Return the names of the first faults, and the number of the others."""
    names = [name[:_MAX_NAME] for name, _ in faults[:_MAX_NAMED]]
    more = len(faults) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
