"""The init of the scoring function under Lambda's Runtime Interface Emulator, on either engine."""

import os
import subprocess
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

import httpx

from benchmarks.measure import Round
from benchmarks.subjects import ENGINE, Subject
from cli import runtime
from cli.checkout import ROOT, STATE, tool_python, uv

FUNCTION = ROOT / "benchmarks" / "init_function"
EVENT = (ROOT / "events" / "scoring_api.liveness.json").read_bytes()


def first_answer(subject: Subject, engine: str) -> Round:
    """Return a round that starts the function afresh and times its first invocation: init, and one liveness request."""
    environment = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "BENCHMARK_ENGINE": engine,
        "BENCHMARK_MODEL": str(subject.folder / ENGINE.file),
        "BENCHMARK_TABLE": str(subject.folder / ENGINE.table_file) if subject.table else "",
        "BENCHMARK_FEATURES": ",".join(subject.names),
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
    """Return the PYTHONPATH of a function: the deployed layers, or the core layer and the lightgbm package."""
    target = STATE / "benchmark" / engine
    if engine == "native":
        return runtime.build_layers(target, "core", "scoring")
    python = str(tool_python("runtime"))
    package = f"lightgbm=={version('lightgbm')}"
    install = [uv(), "pip", "install", "--quiet", "--python", python, "--target", str(target / "package"), package]
    subprocess.run(install, check=True)
    path = os.pathsep.join([runtime.build_layers(target, "core"), str(target / "package")])
    subprocess.run([python, "-m", "compileall", "-q", *path.split(os.pathsep)], check=False)  # as the layers are
    return path
