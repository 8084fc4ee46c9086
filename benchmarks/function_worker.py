"""Process that runs the warm scoring function of one checkout for `benchmarks.profile_function`, on its commands.

`PYTHONPATH` decides whose code runs, so that an earlier commit can be measured by the same process. For every line of
the input it writes one line of JSON: `time` gives the seconds of CPU per request, `sample` the shares of the layers.
"""

import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

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

sys.path.append(str(Path(__file__).parent))  # the measured checkout may lack the next module
from profile_layers import StackSampler

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
    client, now = NoClient(), handler._now
    tenants = TenantLimiter(DynamoRequestLeases(client, "limits"), now)
    limiter = SharedRateLimiter(DynamoRequestCounters(client, "limits"), tenants, now)
    return handler._function(model, handler._ledger(client), limiter, NoFile())  # type: ignore[arg-type]


def main() -> None:
    """Run the commands of the input for the package in the folder of the first argument."""
    native.add_to_path()
    model = load(Path(sys.argv[1]))
    draws = random.Random(7)  # noqa: S311 - rows to score, not secrets
    events = [handler.event(model.contract, draw_row(model.contract, draws)) for _ in range(REQUESTS)]
    function = build(model)
    for sent in events:
        answer: Any = function(sent)
        if answer["statusCode"] != 201:
            raise RuntimeError(answer["body"])
    print(json.dumps(sum(len(json.dumps(function(sent))) for sent in events)), flush=True)
    for command in sys.stdin:
        result = sampled(function, events) if command.strip() == "sample" else timed(function, events)
        print(json.dumps(result), flush=True)


def timed(function: handler.Handler, events: list[dict[str, Any]]) -> float:
    """Return the seconds of CPU per request."""
    started = time.process_time()
    for sent in events:
        function(sent)
    return (time.process_time() - started) / len(events)


def sampled(function: handler.Handler, events: list[dict[str, Any]]) -> dict[str, float]:
    """Return the share of time of each layer."""
    sampler = StackSampler()
    with sampler.sampling():
        for _ in range(SAMPLED_ROUNDS):
            for sent in events:
                function(sent)
    return sampler.shares()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
