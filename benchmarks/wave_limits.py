"""Limits of AWS and of this deployment that a wave of requests meets, each with its source."""

import re
from dataclasses import dataclass
from functools import partial

from cli.checkout import ROOT

_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
_DYNAMO = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
_KEYS = "layers/core/vigil/kernel/tenants.py"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits, per second where no unit is named. `wave.REMEDIES` names how each is raised."""

    key_requests: float = 1_000 / 3_600
    stage_requests: float = 500.0
    stage_burst: float = 1_000.0
    account_requests: float = 10_000.0
    account_burst: float = 5_000.0
    concurrency: float = 1_000.0
    environment_burst: float = 1_000.0
    environments_added: float = 100.0
    environment_requests: float = 10.0
    start_seconds: float = 0.5
    provisioned: float = 0.0
    """Environments that are ready before the wave."""
    key_writes: float = 1.0
    """Write units of the rate limiter per score."""
    partition_writes: float = 1_000.0
    partition_reads: float = 3_000.0
    table_writes: float = 40_000.0
    table_reads: float = 40_000.0
    warm_writes: float = 4_000.0
    warm_reads: float = 12_000.0
    peak_seconds: float = 1_800.0
    split_seconds: float = 600.0
    transaction_seconds: float = 0.01
    index_shards: float = 1.0
    """Partition keys per tenant in the index of decisions by tenant."""
    stream_seconds: float = 0.1
    stream_batch: float = 98.0
    event_requests: float = 10_000.0
    event_entries: float = 10.0
    chunk_workers: float = 16.0
    pollers_added: float = 300.0 / 60
    pollers: float = 1_250.0

    @classmethod
    def deployed(cls) -> "Limits":
        """Return the limits of a new deployment in a new account: the templates' own, and default quotas."""
        find = partial(_number, (ROOT / "template.yaml").read_text())
        workers = (ROOT / "infra/functions/decisions.yaml").read_text().partition("\n        Chunks:")[2]
        return cls(
            stage_requests=find(r"\n  RequestsPerSecond:\n.*\n    Default: (\d+)"),
            stage_burst=find(r"\n  RequestsBurst:\n.*\n    Default: (\d+)"),
            chunk_workers=_number(workers, r"MaximumConcurrency: (\d+)"),
        )


SOURCES: dict[str, tuple[str, str]] = {
    # Name of the field, the quantity that it limits, and the page of its documentation.
    "key_requests": ("requests of one API key: 60 a minute and 1,000 an hour", _KEYS),
    "stage_requests": ("requests of the stage, token bucket", "template.yaml"),
    "stage_burst": ("tokens of the stage's bucket", "template.yaml"),
    "account_requests": ("requests of all APIs of a region and account", f"{_GATEWAY}limits.html"),
    "account_burst": ("tokens of the account's bucket", f"{_GATEWAY}api-gateway-request-throttling.html"),
    "concurrency": ("environments of a region and account", f"{_LAMBDA}gettingstarted-limits.html"),
    "provisioned": ("environments that are ready before the wave", f"{_LAMBDA}provisioned-concurrency.html"),
    "environment_burst": ("environments that a function may add at once", f"{_LAMBDA}scaling-behavior.html"),
    "environments_added": ("environments that a function may add in a second", f"{_LAMBDA}scaling-behavior.html"),
    "environment_requests": ("synchronous requests per unit of concurrency", f"{_LAMBDA}gettingstarted-limits.html"),
    "start_seconds": ("start of an environment from its snapshot", "assumption; see `docs/benchmarks.md`"),
    "key_writes": ("write units of the rate limiter per score", "layers/core/vigil/web/rate_limits.py"),
    "partition_writes": ("write units of a partition", f"{_DYNAMO}bp-partition-key-design.html"),
    "partition_reads": ("read units of a partition", f"{_DYNAMO}bp-partition-key-design.html"),
    "table_reads": ("read units of a table", f"{_DYNAMO}ServiceQuotas.html"),
    "warm_reads": ("read units of a new table", f"{_DYNAMO}warm-throughput.html"),
    "table_writes": ("write units of a table, and of an index", f"{_DYNAMO}ServiceQuotas.html"),
    "warm_writes": ("write units of a new table or index", f"{_DYNAMO}warm-throughput.html"),
    "peak_seconds": ("time in which traffic may double", f"{_DYNAMO}warm-throughput.html"),
    "split_seconds": ("time until a hot partition is split", "assumption; AWS says `sustained`"),
    "transaction_seconds": ("time in which a transaction occupies an item", "assumption: a transaction's latency"),
    "stream_seconds": ("time of a batch of the stream", "assumption: a transaction of 100 parts"),
    "index_shards": ("partition keys of a tenant in its index", "layers/core/vigil/decisions/scoring/store.py"),
    "stream_batch": ("decisions per batch of the stream", "infra/functions/money.yaml"),
    "event_requests": ("calls of PutEvents, us-east-1", "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"),
    "event_entries": ("events per call of PutEvents", "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"),
    "chunk_workers": ("chunks of batches at once", "infra/functions/decisions.yaml"),
    "pollers_added": ("batches of a queue that Lambda adds in a second", f"{_LAMBDA}services-sqs-scaling.html"),
    "pollers": ("batches of a queue at once", f"{_LAMBDA}services-sqs-scaling.html"),
}  # fmt: skip


def _number(text: str, pattern: str) -> float:
    if not (found := re.search(pattern, text)):
        raise ValueError(f"no number at {pattern}")
    return float(found[1])
