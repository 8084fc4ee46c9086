"""A small wave on the running embedded stack, beside its simulation: environments, calls, refusals."""

import json
import math
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.wave_flow import Deployment, Score, Wave, run_wave
from benchmarks.wave_limits import Limits
from cli import deployment
from cli.embedded import Embedded
from cli.stack import Stack
from models import recipe
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access
from vigil.errors import NotFound

MODEL = "wdbc"
THREADS = 32
ALLOWED = {"per_minute": 60_000, "per_hour": 3_600_000, "tenant_per_minute": 60_000, "tenant_per_hour": 3_600_000}


@dataclass(frozen=True, slots=True)
class Reply:
    """Status of one request, and its start and end in seconds of the wave."""

    status: int
    start: float
    end: float


def compare(rate: float, seconds: int, limits: Limits) -> None:
    """Send a wave to the running stack and print it beside its simulation. Raises NotFound without a stack."""
    state = deployment.state_folder()
    if (embedded := Embedded.load(state)) is None:
        raise NotFound("no deployment found: run `make up`")
    embedded.activate()
    tenant_id = f"wave-{uuid.uuid4().hex[:8]}"
    access.tenants().create(tenant_id, "ENTERPRISE", TenantChange(limits=ALLOWED))
    token = str(access.keys().create(tenant_id, "member", by="operator").token)
    began = time.time()
    replies = send_wave(embedded.api_url, token, rate, seconds)
    time.sleep(5)
    stack = Stack(state)
    logs, dynamodb = (stack.client(embedded.endpoint_url, service) for service in ("logs", "dynamodb"))
    lines = log_lines(logs, f"/aws/lambda/{embedded.stack_name}-scoring-api", began, tenant_id)
    rows = stored_rows(dynamodb, embedded.tables, tenant_id)
    latency = median(reply.end - reply.start for reply in replies)
    score = Score(latency, 2)
    case = Deployment(Wave(rate, 1, rate, seconds), score, limits)
    Console().print(check_table(case, replies, lines, rows))


def send_wave(url: str, token: str, rate: float, seconds: int) -> Sequence[Reply]:
    """Send `rate` scores a second, each at its own moment, also while earlier ones are unanswered."""
    samples = list(recipe.load_recipe(MODEL).samples(7, 200))
    began = time.monotonic()

    def send(number: int) -> Reply:
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        sample = {"model": MODEL, "features": samples[number % 200]["features"], "subject_id": f"w-{number}"}
        start = time.monotonic() - began
        status = client.post("/v1/scores", json=sample).status_code
        return Reply(status, start, time.monotonic() - began)

    headers = {"Authorization": f"Bearer {token}"}
    client = httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False)
    with client, ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(send, range(int(rate * seconds))))


def most_in_flight(replies: Sequence[Reply]) -> int:
    """Return the largest number of requests that were unanswered at one moment."""
    moments = sorted([(reply.start, 1) for reply in replies] + [(reply.end, -1) for reply in replies])
    current = most = 0
    for _, change in moments:
        current += change
        most = max(most, current)
    return most


def log_lines(logs: Any, group: str, began: float, tenant_id: str) -> list[dict[str, Any]]:
    """Return the log lines of a tenant's requests."""
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(began * 1e3))
    texts = (event["message"] for page in pages for event in page["events"] if tenant_id in event["message"])
    return [json.loads(text[text.index("{") :]) for text in texts]


def stored_rows(dynamodb: Any, tables: Mapping[str, str], tenant_id: str) -> Counter[str]:
    """Return the number of stored decisions, counted requests and leased requests of a tenant."""
    found: Counter[str] = Counter()
    for name in ("decisions", "limits"):
        for page in dynamodb.get_paginator("scan").paginate(TableName=tables[name], ConsistentRead=True):
            for item in page["Items"]:
                if not item["pk"]["S"].startswith(f"{tenant_id}#"):
                    continue
                kind = "leased" if item["pk"]["S"].endswith("#LEASES") else name
                found[kind] += int(item["h"]["N"]) if "h" in item else 1
    return found


def check_table(
    case: Deployment, replies: Sequence[Reply], lines: Sequence[dict[str, Any]], rows: Counter[str]
) -> Table:
    """Return the table of the simulated and the real wave."""
    statuses = Counter(reply.status for reply in replies)
    outcome = run_wave(case)
    made = statuses[201]
    busy = sum(reply.end - reply.start for reply in replies) / case.wave.seconds
    table = Table(f"{case.wave.rate:.0f} scores a second for {case.wave.seconds} s", "simulated", "real")
    table.add_row("scores", f"{outcome.served:.0f}", f"{made}")
    table.add_row("refused", f"{outcome.offered - outcome.served:.0f}", f"{len(replies) - made}")
    table.add_row("environments, average", f"{case.wave.rate * case.score.seconds:.2f}", f"{busy:.2f}")
    table.add_row(
        "environments started", f"{math.ceil(case.concurrency)}", str(sum(line["cold_start"] for line in lines))
    )
    table.add_row("most requests in flight", "", str(most_in_flight(replies)))
    table.add_row("writes of the rate limiter per score", "1.00", f"{rows['limits'] / max(made, 1):.2f}")
    table.add_row("decisions per score", "1.00", f"{rows['decisions'] / max(made, 1):.2f}")
    table.add_row("requests leased for the tenant", "", str(rows["leased"]))
    return table
