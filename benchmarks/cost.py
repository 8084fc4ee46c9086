"""Calculates the cost of a score, a batch row and a question: `.venv/bin/python -m benchmarks.cost`.

Measured: CPU time of the warm function and of a batch, size of every AWS call, and log volume. Prices come from
`benchmarks.prices`. Latencies of AWS and the constants below are assumptions. docs/running-costs.md has the results.
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
from benchmarks.model_cases import ModelCase, train_case
from cli import native
from cli.checkout import ROOT
from vigil.kernel.tenants import Tier
from vigil.money.usage.stream_entries import billed_bytes, index_bytes

MODEL = "wdbc"
REQUESTS = 400
ROWS = 100_000
MILLION = 1_000_000

DYNAMO_MS = 5.0
"""Latency of a DynamoDB call in the region, in milliseconds; a transaction takes twice as long."""
BATCH_CALL_MS = 20.0
"""Latency of an AWS call of a batch, in milliseconds."""
TRACED = 0.05
"""Share of the requests that are traced: default rule of X-Ray and API Gateway."""
COLD = 0.001
"""Share of cold starts; AWS reports less than 0.01 in production (Lambda operator guide)."""
STREAM_ROWS = 10
"""Decisions per batch of the stream: 1 at low load, up to 99 at high load."""
STREAM_GB_SECONDS = 0.5 * 0.020
"""Compute of each of the two stream functions per batch of the stream, in GB-seconds."""

CONTAINERS, CONTAINER_VCPU, CONTAINER_GB = 2, 0.5, 1.0
"""Number, vCPUs and memory (GB) of the containers: always on, in two zones, behind a load balancer."""
SAGEMAKER_GB = 2.0
PLATFORM_MS = 2.0
"""Time that the HTTP server of a container or the proxy of SageMaker adds per request, in milliseconds."""

INPUT_TOKENS, OUTPUT_TOKENS, QUESTION_TOKENS = 2_500, 300, 30
QUESTION_SECONDS, QUESTION_GB = 3.0, 0.5
out = Console()


@dataclass(frozen=True, slots=True)
class RequestUsage:
    """Resources of one request: CPU seconds, calls by operation, write units, and bytes by purpose."""

    cpu: float
    calls: Mapping[str, float]
    writes: float
    received: float
    answered: float
    logged: float
    stored: float

    @property
    def milliseconds(self) -> int:
        """Billed duration of the function, in milliseconds."""
        waits = sum(DYNAMO_MS * (2 if name == "TransactWriteItems" else 1) * n for name, n in self.calls.items())
        return math.ceil(self.cpu * 1e3 + waits)


def measure_requests(case: ModelCase, tier: Tier) -> RequestUsage:
    """Return the resources of a warm request of a tier: median CPU, and average calls."""
    sent: list[tuple[str, bytes]] = []
    log = StringIO()
    run = handler.deployed(case, sent, log)
    times, received, answered = [], 0, 0
    for number in range(-20, REQUESTS):
        request = handler.event(case.contract, case.rows[number % len(case.rows)], tier)
        if number == 0:
            sent.clear()
            log.seek(0)
            log.truncate()
        began = time.process_time()
        answer: Any = run(request)
        if number >= 0:
            times.append(time.process_time() - began)
            received += len(request["body"])
            answered += len(answer["body"])
        assert answer["statusCode"] == 201, answer["body"]  # noqa: S101 - only successful requests count
    calls = Counter(operation for operation, _ in sent)
    return RequestUsage(
        cpu=median(times),
        calls={name: count / REQUESTS for name, count in calls.items()},
        writes=sum(write_units(*call) for call in sent) / REQUESTS,
        received=received / REQUESTS,
        answered=answered / REQUESTS,
        logged=len(log.getvalue().encode()) / REQUESTS,
        stored=sum(stored_bytes(*call) for call in sent) / REQUESTS,
    )


def write_units(operation: str, body: bytes) -> int:
    """Return the write units of a call: of the item and its indexes; a transaction doubles those of the item."""
    request = json.loads(body)
    if operation == "UpdateItem":
        return 1
    if operation == "PutItem":
        return _units(request["Item"])
    parts = (next(iter(part.items())) for part in request["TransactItems"])
    return sum(_units(p["Item"], 2) if kind == "Put" else 2 for kind, p in parts)


def _units(item: Mapping[str, Any], factor: int = 1) -> int:
    """Return the write units of an item and its index entries; a transaction has the factor 2 for the item."""
    entries = sum(math.ceil(size / 1024) for size in index_bytes(item))
    return factor * math.ceil(billed_bytes(item) / 1024) + entries


def stored_bytes(operation: str, body: bytes) -> int:
    """Return the bytes of the decision that a call writes, or 0 if it writes none."""
    request = json.loads(body)
    if operation == "TransactWriteItems":
        request = next(part["Put"] for part in request["TransactItems"] if "Put" in part)
    return billed_bytes(request["Item"]) if "Item" in request else 0


def score_bill(usage: RequestUsage) -> dict[str, float]:
    """Return US dollars per million scores by cost item."""
    requests = {name: MILLION * price for name, price in prices.REQUESTS.items()}
    stream_functions = (
        2 * (STREAM_GB_SECONDS * prices.GB_SECOND_ARM + prices.REQUESTS["lambda request"]) * MILLION / STREAM_ROWS
    )
    return {
        "API Gateway": requests["api gateway"],
        "Lambda requests": requests["lambda request"],
        "Lambda time": compute_cost(usage.milliseconds),
        "cold starts": cold_starts(),
        "DynamoDB: limiter, decision, quota": usage.writes * requests["dynamodb write"],
        "DynamoDB: usage": (2 + 4 / STREAM_ROWS) * requests["dynamodb write"],
        "stream functions": stream_functions,
        "events": requests["event"],
        "logs and metrics": usage.logged * MILLION / 1e9 * prices.LOG_GB,
        "traces": TRACED * requests["trace"],
        "answers to the internet": usage.answered * MILLION / 1e9 * prices.OUT_GB,
    }


def cold_starts() -> float:
    """Return US dollars for the cold starts of a million invocations."""
    return MILLION * COLD * memory_gb("ScoringApi") * prices.RESTORED_GB


def compute_cost(milliseconds: float) -> float:
    """Return US dollars for a million invocations of the scoring function."""
    return MILLION * milliseconds / 1e3 * batch.MEMORY_GB * prices.GB_SECOND_ARM


def row_bill(case: ModelCase) -> dict[str, float]:
    """Return US dollars per million CSV rows."""
    measured = batch.run_batch(case, "csv", ROWS)
    calls, dollars = batch.bill(measured["calls"], measured["cpu_seconds"], ROWS)
    compute_only = batch.bill({}, measured["cpu_seconds"], ROWS)[1]
    waiting = calls * MILLION / 1e4 * BATCH_CALL_MS / 1e3
    return {
        "Lambda time, including waits": compute_only + waiting * batch.MEMORY_GB * prices.GB_SECOND_ARM,
        "all requests": dollars - compute_only,
    }


def question_bill() -> dict[str, float]:
    """Return US dollars per 1,000 questions; the feature is planned and all numbers are assumptions."""
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
class ServingOption:
    """Way to serve scores, with its fixed US dollars per month and its US dollars per million scores."""

    name: str
    monthly: float
    million: float

    def monthly_cost(self, scores: float) -> float:
        """Return US dollars for a month with this number of scores."""
        return self.monthly + self.million * scores / MILLION


def serving_options(usage: RequestUsage) -> tuple[ServingOption, ...]:
    """Return the options to compute scores: Vigil, SageMaker and containers; records cost the same for all."""
    gateway = MILLION * (prices.REQUESTS["api gateway"] + prices.REQUESTS["lambda request"])
    model = math.ceil(usage.cpu * 1e3 + PLATFORM_MS)
    gigabytes = MILLION * (usage.received + usage.answered) / 1e9
    sagemaker = MILLION * model / 1e3 * SAGEMAKER_GB * prices.SAGEMAKER_GB_SECOND + gigabytes * prices.SAGEMAKER_DATA_GB
    task = CONTAINER_VCPU * prices.FARGATE_VCPU_HOUR_ARM + CONTAINER_GB * prices.FARGATE_GB_HOUR_ARM
    addresses = 2 * CONTAINERS * prices.ADDRESS_HOUR  # one per zone for the balancer, and one per task
    fixed = (CONTAINERS * task + prices.BALANCER_HOUR + addresses) * prices.HOURS
    ready = prices.SNAPSHOT_GB_MONTH * sum(memory_gb(name) for name in ("ScoringApi", "TokensAuthorizer"))
    here = gateway + cold_starts() + compute_cost(usage.milliseconds)
    return (
        ServingOption("Vigil: API Gateway + Lambda", ready, here),
        # Clients have no AWS credentials: a function in front authorizes, records and waits.
        ServingOption("the same + SageMaker serverless", ready, here + compute_cost(model) + sagemaker),
        ServingOption("SageMaker serverless alone, for callers in AWS", 0.0, sagemaker),
        ServingOption("containers behind a balancer", fixed, gigabytes * prices.BALANCER_UNIT_HOUR),
    )


def break_even(serverless: ServingOption, fixed: ServingOption) -> float:
    """Return the scores per month above which the option with the fixed cost is cheaper."""
    return (fixed.monthly - serverless.monthly) / (serverless.million - fixed.million) * MILLION


def memory_gb(name: str = "") -> float:
    """Return the memory in GB of one function of the templates, or of all functions with SnapStart."""
    template = "".join(path.read_text() for path in sorted((ROOT / "infra" / "functions").glob("*.yaml")))
    if name:
        template = template.partition(f"\n  {name}:\n")[2].partition("\n\n")[0]
    return sum(map(int, re.findall(r"SnapStart: .*(?:\n.+)*?\n +MemorySize: (\d+)", template))) / 1024


def bill_table(title: str, bills: Mapping[str, Mapping[str, float]]) -> Table:
    """Return a table with a row per cost item and a column per bill."""
    table = Table(title, *bills)
    for item in next(iter(bills.values())):
        table.add_row(item, *(f"{bill[item]:.4f}" for bill in bills.values()))
    table.add_row("total", *(f"{sum(bill.values()):.4f}" for bill in bills.values()), style="bold")
    return table


def options_table(usage: RequestUsage) -> Table:
    """Return the monthly cost of the options at several loads."""
    loads = (10_000, 100_000, MILLION, 10 * MILLION, 100 * MILLION)
    table = Table("$ per month for scores", *(f"{load:,}" for load in loads), box=None)
    for option in serving_options(usage):
        table.add_row(option.name, *(f"{option.monthly_cost(load):,.2f}" for load in loads))
    return table


def break_evens(usage: RequestUsage) -> Iterator[str]:
    """Yield a sentence per option about the load above which containers are cheaper."""
    *others, containers = serving_options(usage)
    for option in others:
        scores = break_even(option, containers) / MILLION
        yield f"{option.name}: containers are cheaper above {scores:,.0f} million scores per month"


def main() -> None:
    """Run the measurements and print the bills."""
    native.add_to_path()
    with tempfile.TemporaryDirectory() as work:
        case = train_case(Path(work), MODEL)
        tiers: dict[str, Tier] = {"unlimited": "ENTERPRISE", "with a quota": "BASIC"}
        scores = {name: measure_requests(case, tier) for name, tier in tiers.items()}
        rows = row_bill(case)
    for name, usage in scores.items():
        calls = ", ".join(f"{count:.0f} {operation}" for operation, count in usage.calls.items())
        out.print(f"{name}: {usage.cpu * 1e3:.2f} ms CPU, {usage.milliseconds} ms billed, {calls}, "
                  f"{usage.writes:.0f} write units; bytes: {usage.logged:.0f} logged, {usage.answered:.0f} sent, "
                  f"{usage.stored:.0f} stored")  # fmt: skip
        out.print(f"storage of a million decisions: ${usage.stored / 1e3 * prices.DYNAMO_GB_MONTH:.2f} per month")
    out.print(bill_table("$ per million scores", {name: score_bill(usage) for name, usage in scores.items()}))
    out.print(bill_table("$ per million rows", {"CSV": rows}))
    out.print(bill_table("$ per 1,000 questions", {"assumed": question_bill()}))
    out.print(options_table(scores["with a quota"]))
    out.print(*break_evens(scores["with a quota"]), sep="\n")
    out.print(f"snapshots of SnapStart: ${memory_gb() * prices.SNAPSHOT_GB_MONTH:.2f} per month for one version of all")


if __name__ == "__main__":
    main()
