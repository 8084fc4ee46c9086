"""Measures the cold start of the scoring function under Lambda's Runtime Interface Emulator."""

import os
import subprocess
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

import httpx

from benchmarks.measure import Round
from benchmarks.model_cases import ENGINE, ModelCase
from cli import runtime
from cli.checkout import ROOT, STATE, tool_python, uv

FUNCTION = ROOT / "benchmarks" / "init_function"
EVENT = (ROOT / "events" / "scoring_api.liveness.json").read_bytes()


def first_invocation(case: ModelCase, engine: str) -> Round:
    """Return a round that starts the function and times its first invocation: init and one liveness request."""
    environment = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "BENCHMARK_ENGINE": engine,
        "BENCHMARK_MODEL": str(case.folder / ENGINE.file),
        "BENCHMARK_TABLE": str(case.folder / ENGINE.table_file) if case.table else "",
        "BENCHMARK_FEATURES": ",".join(case.names),
    }

    def run(_: int) -> float:
        with runtime.run_function(FUNCTION, _path(engine), environment, Path(os.devnull)) as url:
            started = time.perf_counter()
            answer = httpx.post(url, content=EVENT, timeout=60).json()
            seconds = time.perf_counter() - started
        if answer.get("statusCode") != 200:
            raise RuntimeError(f"the function on {engine} did not start: {answer}")
        return seconds

    return run


@cache
def _path(engine: str) -> str:
    """Return the PYTHONPATH of the function: the deployed layers, or the core layer with the lightgbm package."""
    target = STATE / "benchmark" / engine
    if engine == "native":
        return runtime.build_layers(target, "core", "scoring")
    python = str(tool_python("runtime"))
    package = f"lightgbm=={version('lightgbm')}"
    install = [uv(), "pip", "install", "--quiet", "--python", python, "--target", str(target / "package"), package]
    subprocess.run(install, check=True)
    path = os.pathsep.join([runtime.build_layers(target, "core"), str(target / "package")])
    subprocess.run([python, "-m", "compileall", "-q", *path.split(os.pathsep)], check=False)  # as in the layers
    return path
