"""A small wave on the running embedded stack, beside its simulation: environments, calls, refusals."""

import json
import math
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.wave_flow import ScoreUse, Wave, WaveCase, run_wave
from benchmarks.wave_limits import Limits
from cli import deployment
from cli.embedded import Embedded
from cli.stack import Stack
from models import recipe
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access
from vigil.errors import NotFound
from vigil.web.request_leases import FIRST_LEASE, MAX_LEASE

MODEL = "wdbc"
THREADS, WARM_UP = 32, 3
TIMED_OUT = 0
"""Status of a request that was not answered within a minute."""
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
    seconds_each = median(line["latency_ms"] for line in lines) / 1e3
    allowed = replace(limits, key_requests=ALLOWED["per_hour"] / 3_600)
    case = WaveCase(Wave(rate, 1, 1, seconds), ScoreUse(seconds_each, 2), allowed)
    Console().print(check_table(case, replies, lines, rows))


def send_wave(url: str, token: str, rate: float, seconds: int) -> Sequence[Reply]:
    """Send `rate` scores a second, each at its own moment, also while earlier ones are unanswered.

    The first request of an environment imports its modules on this machine, so three requests are sent before.
    """
    samples = list(recipe.load_recipe(MODEL).samples(7, 200))

    def send(number: int) -> Reply:
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        sample = {"model": MODEL, "features": samples[number % len(samples)]["features"], "subject_id": f"w-{number}"}
        start = time.monotonic() - began
        try:
            status = client.post("/v1/scores", json=sample).status_code
        except httpx.TimeoutException:
            status = TIMED_OUT
        return Reply(status, start, time.monotonic() - began)

    headers = {"Authorization": f"Bearer {token}"}
    client = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
    with client, ThreadPoolExecutor(THREADS) as pool:
        began = time.monotonic()
        for number in range(-WARM_UP, 0):
            send(number)
        began = time.monotonic()
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


def leased_requests(requests: float) -> int:
    """Return the requests that one environment leases in a minute to admit that many."""
    leased, size = 0, FIRST_LEASE
    while leased < requests:
        leased, size = leased + size, min(2 * size, MAX_LEASE)
    return leased


def check_table(case: WaveCase, replies: Sequence[Reply], lines: Sequence[dict[str, Any]], rows: Counter[str]) -> Table:
    """Return the table of the simulated and the real wave."""
    outcome = run_wave(case)
    statuses = Counter(reply.status for reply in replies)
    sent, made, seconds = len(replies) + WARM_UP, statuses[201], case.wave.seconds
    busy = sum(line["latency_ms"] for line in lines) / 1e3 / seconds
    table = Table(f"{case.wave.rate:.0f} scores a second for {seconds} s", "simulated", "real")
    table.add_row("scores", f"{outcome.served:.0f}", f"{made}")
    table.add_row("refused", f"{outcome.offered - outcome.served:.0f}", f"{len(replies) - made}")
    table.add_row("time of a score in the function, ms", "", f"{case.score.seconds * 1e3:.1f}")
    table.add_row("busy environments, average", f"{case.wave.rate * case.score.seconds:.2f}", f"{busy:.2f}")
    table.add_row("environments started", f"{math.ceil(case.concurrency)}", f"{sum(x['cold_start'] for x in lines)}")
    table.add_row("most requests in flight", "", f"{most_in_flight(replies)}")
    table.add_row("writes of the rate limiter per score", "1.00", f"{rows['limits'] / sent:.2f}")
    table.add_row("decisions per score", "1.00", f"{rows['decisions'] / sent:.2f}")
    table.add_row("requests leased for the tenant", f"{leased_requests(sent)}", f"{rows['leased']}")
    return table
