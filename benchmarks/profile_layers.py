"""Layers of the warm function, and the sampling of its call stack that attributes time to them."""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

INTERVAL = 0.000_487
"""Seconds between two samples. No layer has a period that divides it."""

LAYERS: Mapping[str, Sequence[str]] = {
    "Lambda adapter: event to request, answer to event": ("mangum", "vigil.web.lambda_entry", "vigil.web.rest_events"),
    "Starlette and FastAPI: middleware stack, routing, requests": (
        *("starlette", "fastapi", "vigil.web.app", "vigil.web.queries", "vigil.web.fast_route"),
        *("vigil.web.router", "contextlib", "asyncio"),
    ),
    "own middleware: caller, tenant guard, security headers": (
        *("vigil.web.middleware", "vigil.web.principal", "vigil.web.etags", "vigil.web.gateway"),
        *("vigil.runtime.correlation", "vigil.aws.tenant_guard", "vigil.kernel.tenants"),
    ),
    "rate limits and their headers": (
        *("vigil.web.rate_limits", "vigil.web.request_leases", "vigil.web.rate_limit_headers"),
        *("vigil.web.rate_limit_items", "vigil.runtime.ttl_cache"),
    ),
    "JSON body: parsing, levels, members, schema": ("vigil.kernel.json_documents", "vigil.web.bodies", "pydantic"),
    "features: check, encode, decode": (
        *("vigil.prediction.features", "vigil.prediction.engines.contract"),
        "vigil.prediction.engines.row_encoder",
    ),
    "engine: boosted trees": (
        "vigil.prediction.engines.boosting",
        "vigil.prediction.engines.trees",
        "vigil.prediction.engines.lightgbm",
        "vigil.prediction.engines.row_buffers",
        "vigil.prediction.engines.library",
    ),
    "engine: isolation forest": ("vigil.prediction.engines.forest",),
    "engine: statistics": ("vigil.prediction.engines.statistics",),
    "engine: rules": ("vigil.prediction.engines.rules",),
    "votes and verdict": (
        *("vigil.prediction.engines.ensemble", "vigil.prediction.engines.ensemble_runner"),
        *("vigil.prediction.engines.votes", "vigil.prediction.packages", "vigil.prediction.trials"),
    ),
    "decision: ids, digests, ledger row": (
        *("vigil.decisions.scoring.service", "vigil.decisions.scoring.prepare", "vigil.decisions.scoring.model"),
        *("vigil.decisions.scoring.routes", "vigil.kernel", "vigil.access"),
    ),
    "decision: text": ("vigil.decisions.scoring.serialize",),
    "ledger item": ("vigil.decisions.scoring.store", "vigil.aws"),
    "log line with metrics": ("vigil.runtime.telemetry", "vigil.runtime.log_lines", "aws_lambda_powertools"),
}
"""Modules of each layer. A module belongs to the layer with its longest prefix."""
REST = "the rest"


class StackSampler:
    """Counts samples of the running call stack per layer.

    A sample belongs to the innermost function whose module is listed. Time in the standard library and in C therefore
    belongs to the layer that called it.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._layers: dict[str, str | None] = {}

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Take a sample in every interval of the block. Only the main thread can run it."""
        before = signal.signal(signal.SIGALRM, self._take)
        signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def shares(self) -> dict[str, float]:
        """Return the share of samples of every layer."""
        total = self.counts.total() or 1
        return {layer: self.counts[layer] / total for layer in (*LAYERS, REST)}

    def _take(self, _: int, frame: FrameType | None) -> None:
        while frame is not None:
            if layer := self._layer(frame.f_globals.get("__name__", "")):
                self.counts[layer] += 1
                return
            frame = frame.f_back
        self.counts[REST] += 1

    def _layer(self, module: str) -> str | None:
        if module not in self._layers:
            self._layers[module] = layer_of(module)
        return self._layers[module]


def layer_of(module: str) -> str | None:
    """Return the layer of a module, or None for a module of no layer."""
    owners = {prefix: layer for layer, prefixes in LAYERS.items() for prefix in prefixes}
    while module:
        if module in owners:
            return owners[module]
        module = module.rpartition(".")[0]
    return None
