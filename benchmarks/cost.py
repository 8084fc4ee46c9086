"""What a score, a row and a question cost: `uv run python -m benchmarks.cost`. See docs/cost.md.

Measured here: the CPU of the warm function and of a batch, every call to AWS with its size, and what is logged. From
price lists: everything else (`benchmarks.prices`). Assumed: how long AWS takes to answer, and the figures below.
"""

import json
import math
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import batch, handler, prices
from benchmarks.subjects import Subject, whole
from cli import native
from cli.checkout import ROOT
from vigil.kernel.tenants import Tier

MODEL = "wdbc"
REQUESTS = 400
ROWS = 100_000
MILLION = 1_000_000

DYNAMO_MS = 5.0
"""Until DynamoDB has answered, in the region; a transaction takes twice that."""
BATCH_CALL_MS = 20.0
TRACED = 0.05
"""Of the requests: X-Ray's and API Gateway's own rule."""
COLD = 0.001
"""Of the requests find no environment that is up; AWS has seen less than 0.01 in production (Lambda operator guide)."""
STREAM_ROWS = 10
"""Decisions that the stream brings at once; 1 at little load, up to 99 at much."""
STREAM_GB_SECONDS = 0.5 * 0.020
"""Of each of the two functions behind the stream, for what it brings at once."""

CONTAINERS, CONTAINER_VCPU, CONTAINER_GB = 2, 0.5, 1.0
"""Always on, in two zones, behind a load balancer."""
SAGEMAKER_GB = 2.0
PLATFORM_MS = 2.0
"""What a container's HTTP server and SageMaker's proxy add to the model's own time."""

INPUT_TOKENS, OUTPUT_TOKENS, QUESTION_TOKENS = 2_500, 300, 30
QUESTION_SECONDS, QUESTION_GB = 3.0, 0.5
out = Console()


@dataclass(frozen=True, slots=True)
class Score:
    """What one request took: seconds of CPU, calls by operation, write units, bytes in, out, logged and kept."""

    cpu: float
    calls: Mapping[str, float]
    writes: float
    received: float
    answered: float
    logged: float
    kept: float

    @property
    def milliseconds(self) -> int:
        """How long the function is billed for."""
        waits = sum(DYNAMO_MS * (2 if name == "TransactWriteItems" else 1) * n for name, n in self.calls.items())
        return math.ceil(self.cpu * 1e3 + waits)


def measured(subject: Subject, tier: Tier) -> Score:
    """Return the median request of a tier, warm."""
    sent: list[tuple[str, bytes]] = []
    said = StringIO()
    run = handler.deployed(subject, sent, said)
    times, received, answered = [], 0, 0
    for number in range(-20, REQUESTS):
        asked = handler.event(subject.contract, subject.rows[number % len(subject.rows)], tier)
        if number == 0:
            sent.clear()
            said.seek(0)
            said.truncate()
        began = time.process_time()
        answer: Any = run(asked)
        if number >= 0:
            times.append(time.process_time() - began)
            received += len(asked["body"])
            answered += len(answer["body"])
        assert answer["statusCode"] == 201, answer["body"]  # noqa: S101 - what is measured is a success
    calls = Counter(operation for operation, _ in sent)
    return Score(
        cpu=median(times),
        calls={name: count / REQUESTS for name, count in calls.items()},
        writes=sum(_units(*call) for call in sent) / REQUESTS,
        received=received / REQUESTS,
        answered=answered / REQUESTS,
        logged=len(said.getvalue().encode()) / REQUESTS,
        kept=sum(_row(*call) for call in sent) / REQUESTS,
    )


def _units(operation: str, body: bytes) -> int:
    """Return the write units of a call: of the item, of its two indexes, twice in a transaction.

    An item's JSON is a little longer than what DynamoDB counts.
    """
    asked = json.loads(body)
    if operation == "UpdateItem":
        return 1
    if operation == "PutItem":
        return math.ceil(len(json.dumps(asked["Item"])) / 1024) + 2
    parts = (next(iter(part.items())) for part in asked["TransactItems"])
    return sum(2 * math.ceil(len(json.dumps(p["Item"])) / 1024) + 2 if kind == "Put" else 2 for kind, p in parts)


def _row(operation: str, body: bytes) -> int:
    """Return the bytes of the decision that a call writes, if it does."""
    asked = json.loads(body)
    if operation == "TransactWriteItems":
        asked = next(part["Put"] for part in asked["TransactItems"] if "Put" in part)
    return len(json.dumps(asked["Item"])) if "Item" in asked else 0


def score_bill(score: Score) -> dict[str, float]:
    """Return dollars per million scores, item by item."""
    requests = {name: MILLION * price for name, price in prices.REQUESTS.items()}
    behind = 2 * (STREAM_GB_SECONDS * prices.GB_SECOND_ARM + prices.REQUESTS["lambda request"]) * MILLION / STREAM_ROWS
    return {
        "API Gateway": requests["api gateway"],
        "Lambda requests": requests["lambda request"],
        "Lambda time": compute(score.milliseconds),
        "environments that start": starts(),
        "DynamoDB: limiter, decision, quota": score.writes * requests["dynamodb write"],
        "DynamoDB: usage": (2 + 4 / STREAM_ROWS) * requests["dynamodb write"],
        "stream functions": behind,
        "events": requests["event"],
        "logs and metrics": score.logged * MILLION / 1e9 * prices.LOG_GB,
        "traces": TRACED * requests["trace"],
        "answers to the internet": score.answered * MILLION / 1e9 * prices.OUT_GB,
    }


def starts() -> float:
    """Return dollars for the environments that start from the snapshot in a million invocations."""
    return MILLION * COLD * memory("ScoringApi") * prices.RESTORED_GB


def compute(milliseconds: float) -> float:
    """Return dollars for a million invocations of the scoring function."""
    return MILLION * milliseconds / 1e3 * batch.MEMORY_GB * prices.GB_SECOND_ARM


def row_bill(subject: Subject) -> dict[str, float]:
    """Return dollars per million rows of CSV."""
    told = batch.whole(subject, "csv", ROWS)
    calls, dollars = batch.bill(told["asked"], told["cpu_seconds"], ROWS)
    compute_only = batch.bill({}, told["cpu_seconds"], ROWS)[1]
    waiting = calls * MILLION / 1e4 * BATCH_CALL_MS / 1e3
    return {
        "Lambda time, of which waiting": compute_only + waiting * batch.MEMORY_GB * prices.GB_SECOND_ARM,
        "all requests": dollars - compute_only,
    }


def question_bill() -> dict[str, float]:
    """Return dollars per 1,000 questions; nothing of this is built yet, and the figures are assumed."""
    once = sum(prices.REQUESTS[name] for name in ("api gateway", "lambda request", "event"))
    writes = 4 * prices.REQUESTS["dynamodb write"]
    return {
        "language model": 1e3
        * (INPUT_TOKENS * prices.LANGUAGE_INPUT_TOKEN + OUTPUT_TOKENS * prices.LANGUAGE_OUTPUT_TOKEN),
        "embeddings": 1e3 * QUESTION_TOKENS * prices.EMBEDDING_TOKEN,
        "Lambda time": 1e3 * QUESTION_SECONDS * QUESTION_GB * prices.GB_SECOND_ARM,
        "requests and records": 1e3 * (once + writes),
    }


@dataclass(frozen=True, slots=True)
class Way:
    """A way to have the same thing computed: dollars a month whatever happens, and per million scores."""

    name: str
    monthly: float
    million: float

    def at(self, scores: float) -> float:
        """Return dollars for a month with so many scores."""
        return self.monthly + self.million * scores / MILLION


def ways(score: Score) -> tuple[Way, ...]:
    """Return what makes requests into scores: here, with SageMaker, and in containers. Records cost all the same."""
    gateway = MILLION * (prices.REQUESTS["api gateway"] + prices.REQUESTS["lambda request"])
    model = math.ceil(score.cpu * 1e3 + PLATFORM_MS)
    gigabytes = MILLION * (score.received + score.answered) / 1e9
    sagemaker = MILLION * model / 1e3 * SAGEMAKER_GB * prices.SAGEMAKER_GB_SECOND + gigabytes * prices.SAGEMAKER_DATA_GB
    task = CONTAINER_VCPU * prices.FARGATE_VCPU_HOUR_ARM + CONTAINER_GB * prices.FARGATE_GB_HOUR_ARM
    addresses = 2 * CONTAINERS * prices.ADDRESS_HOUR  # of the balancer in each zone, and of each task
    fixed = (CONTAINERS * task + prices.BALANCER_HOUR + addresses) * prices.HOURS
    ready = prices.SNAPSHOT_GB_MONTH * sum(memory(name) for name in ("ScoringApi", "TokensAuthorizer"))
    here = gateway + starts() + compute(score.milliseconds)
    return (
        Way("Vigil: API Gateway + Lambda", ready, here),
        # Whoever calls it has no AWS credentials: a function in front lets in, records and waits.
        Way("the same + SageMaker serverless", ready, here + compute(model) + sagemaker),
        Way("SageMaker serverless alone, for callers in AWS", 0.0, sagemaker),
        Way("containers behind a balancer", fixed, gigabytes * prices.BALANCER_UNIT_HOUR),
    )


def break_even(serverless: Way, fixed: Way) -> float:
    """Return the scores a month from which the way with the fixed cost is cheaper."""
    return (fixed.monthly - serverless.monthly) / (serverless.million - fixed.million) * MILLION


def memory(name: str = "") -> float:
    """Return the gigabytes of a function of the templates, or of all that start from a snapshot."""
    template = "".join(path.read_text() for path in sorted((ROOT / "infra" / "functions").glob("*.yaml")))
    if name:
        template = template.partition(f"\n  {name}:\n")[2].partition("\n\n")[0]
    return sum(map(int, re.findall(r"SnapStart: .*(?:\n.+)*?\n +MemorySize: (\d+)", template))) / 1024


def bill_table(title: str, bills: Mapping[str, Mapping[str, float]]) -> Table:
    """Return a table with an item a line and a bill a column."""
    table = Table(title, *bills)
    for item in next(iter(bills.values())):
        table.add_row(item, *(f"{bill[item]:.4f}" for bill in bills.values()))
    table.add_row("together", *(f"{sum(bill.values()):.4f}" for bill in bills.values()), style="bold")
    return table


def ways_table(score: Score) -> Table:
    """Return the ways at some loads."""
    loads = (10_000, 100_000, MILLION, 10 * MILLION, 100 * MILLION)
    table = Table("$ a month for scores", *(f"{load:,}" for load in loads), box=None)
    for way in ways(score):
        table.add_row(way.name, *(f"{way.at(load):,.2f}" for load in loads))
    return table


def break_evens(score: Score) -> Iterator[str]:
    """Yield from which load on containers are cheaper than each other way."""
    *others, containers = ways(score)
    for way in others:
        yield f"{way.name}: containers are cheaper from {break_even(way, containers) / MILLION:,.0f} million a month on"


def main() -> None:
    """Measure and print."""
    native.add_to_path()
    with tempfile.TemporaryDirectory() as work:
        subject = whole(Path(work), MODEL)
        tiers: dict[str, Tier] = {"unlimited": "ENTERPRISE", "with a quota": "BASIC"}
        scores = {name: measured(subject, tier) for name, tier in tiers.items()}
        rows = row_bill(subject)
    for name, score in scores.items():
        calls = ", ".join(f"{count:.0f} {operation}" for operation, count in score.calls.items())
        out.print(f"{name}: {score.cpu * 1e3:.2f} ms CPU, {score.milliseconds} ms billed, {calls}, "
                  f"{score.writes:.0f} write units; bytes: {score.logged:.0f} logged, {score.answered:.0f} answered, "
                  f"{score.kept:.0f} kept")  # fmt: skip
        out.print(f"a million kept: ${score.kept / 1e3 * prices.DYNAMO_GB_MONTH:.2f} a month")
    out.print(bill_table("$ per million scores", {name: score_bill(score) for name, score in scores.items()}))
    out.print(bill_table("$ per million rows", {"CSV": rows}))
    out.print(bill_table("$ per 1,000 questions", {"assumed": question_bill()}))
    out.print(ways_table(scores["with a quota"]))
    out.print(*break_evens(scores["with a quota"]), sep="\n")
    out.print(
        f"SnapStart's snapshots: ${memory() * prices.SNAPSHOT_GB_MONTH:.2f} a month for one version of each function"
    )


if __name__ == "__main__":
    main()
