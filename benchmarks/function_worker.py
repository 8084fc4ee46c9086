"""Process that runs the warm scoring function of one checkout for `benchmarks.profile_function`, on its commands.

`PYTHONPATH` decides whose code runs, so that an earlier commit can be measured by the same process. For every line of
the input it writes one line of JSON: `time` gives the seconds of CPU per request, `sample` the shares of the layers.
"""

import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, cast

from pydantic import TypeAdapter

from benchmarks import handler
from benchmarks.model_cases import draw_row
from cli import native
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.model import Manifest
from vigil.web.rate_limits import DynamoRequestCounters, SharedRateLimiter
from vigil.web.request_leases import DynamoRequestLeases, TenantLimiter

INTERVAL = 0.000_487
"""Seconds between two samples."""
REQUESTS = 400
SAMPLED_ROUNDS = 20


class NoClient:
    """DynamoDB client without any work: it accepts every write, and counts one request."""

    def put_item(self, **_: Any) -> dict[str, Any]:
        """Return the response to an accepted write."""
        return {}

    def update_item(self, **_: Any) -> dict[str, Any]:
        """Return the response to an admitted request."""
        return {"Attributes": {"h": {"N": "1"}}}


class NoFile:
    """Text stream that drops every log line, so that a run needs no memory for them."""

    def write(self, text: str) -> int:
        """Drop a text and return its length."""
        return len(text)

    def flush(self) -> None:
        """Do nothing."""


class StackSampler:
    """Counts samples of the running call stack per layer.

    A sample belongs to the innermost function whose module is of a layer. Time in the standard library and in C
    therefore belongs to the layer that called it. A module belongs to the layer with its longest prefix.
    """

    def __init__(self, layers: dict[str, list[str]]) -> None:
        self._owners = {prefix: layer for layer, prefixes in layers.items() for prefix in prefixes}
        self._layers: dict[str, str | None] = {}
        self._counts: Counter[str] = Counter()

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
        """Return the share of samples of every layer that has any; an empty name stands for no layer."""
        total = self._counts.total()
        return {layer: count / total for layer, count in self._counts.items()}

    def layer_of(self, module: str) -> str | None:
        """Return the layer of a module, or None for a module of no layer."""
        while module and module not in self._owners:
            module = module.rpartition(".")[0]
        return self._owners.get(module)

    def _take(self, _: int, frame: FrameType | None) -> None:
        layer = None
        while frame is not None and layer is None:
            module = frame.f_globals.get("__name__", "")
            if module not in self._layers:
                self._layers[module] = self.layer_of(module)
            layer, frame = self._layers[module], frame.f_back
        self._counts[layer or ""] += 1


def load(folder: Path) -> LoadedModel:
    """Return the model of a package folder, with its engines and without checking its signature."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = TypeAdapter(Manifest).validate_json(files["manifest.json"])
    contract = manifest.contract
    engines = {
        spec.name: load_engine(spec, files[spec.file], contract, files.get(spec.table_file))
        for spec in contract.engines
    }
    return LoadedModel(manifest, "sha256:" + "0" * 64, "", EnsembleRunner(contract, engines))


def build(model: LoadedModel) -> handler.Handler:
    """Return the function with its ledger and its rate limits, on a client without any work."""
    # An earlier commit has the same private functions.
    client, now = NoClient(), handler._now  # noqa: SLF001
    tenants = TenantLimiter(DynamoRequestLeases(client, "limits"), now)
    limiter = SharedRateLimiter(DynamoRequestCounters(client, "limits"), tenants, now)
    return handler._function(model, handler._ledger(client), limiter, NoFile())  # type: ignore[arg-type] # noqa: SLF001


def main() -> None:
    """Run the commands of the input for the package in the folder of the first argument.

    The second argument is a JSON object with the modules of each layer.
    """
    native.add_to_path()
    model = load(Path(sys.argv[1]))
    draws = random.Random(7)  # noqa: S311 - rows to score, not secrets
    events = [handler.event(model.contract, draw_row(model.contract, draws)) for _ in range(REQUESTS)]
    function = build(model)
    for sent in events:
        if (answer := cast("dict[str, Any]", function(sent)))["statusCode"] != 201:
            raise RuntimeError(answer["body"])
    sampler = StackSampler(json.loads(sys.argv[2]))
    commands: dict[str, Callable[[], object]] = {
        "time": partial(timed, function, events),
        "sample": partial(sampled, function, events, sampler),
    }
    _reply("ready")
    for line in sys.stdin:
        _reply(commands[line.strip()]())


def _reply(result: object) -> None:
    sys.stdout.write(f"{json.dumps(result)}\n")
    sys.stdout.flush()


def timed(function: handler.Handler, events: list[dict[str, Any]]) -> float:
    """Return the seconds of CPU per request."""
    started = time.process_time()
    for sent in events:
        function(sent)
    return (time.process_time() - started) / len(events)


def sampled(function: handler.Handler, events: list[dict[str, Any]], sampler: StackSampler) -> dict[str, float]:
    """Return the share of time of each layer."""
    with sampler.sampling():
        for _ in range(SAMPLED_ROUNDS):
            for sent in events:
                function(sent)
    return sampler.shares()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
