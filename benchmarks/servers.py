"""Contenders of `benchmarks.peers`: start, requests and stop of each server, on loopback only."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.load import BadAnswer, build_request, send_request
from cli import runtime
from cli.checkout import ROOT, uv

SERVED = ROOT / "benchmarks" / "served"
START_SECONDS = 60.0
STOP_SECONDS = 5.0
SERVER_CORE, CLIENT_CORE = 0, -1
"""Index of the core of the server and of the client, among the cores that this process may use."""

_CORES = frozenset(os.sched_getaffinity(0))

_LIGHTGBM = f"lightgbm=={version('lightgbm')}"
MLSERVER = ("mlserver==1.7.1", "mlserver-lightgbm==1.7.1", "uvloop==0.21.0", _LIGHTGBM)  # workers crash on uvloop 0.22
BENTOML = ("bentoml==1.4.39", _LIGHTGBM)
FASTAPI = ("uvicorn[standard]==0.54.0", f"fastapi=={version('fastapi')}", _LIGHTGBM)

Rows = Sequence[Sequence[float]]
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Server:
    """Running contender: its address, its processes, and the time until its first response."""

    address: Address
    processes: Sequence[psutil.Process]
    ready_seconds: float
    first_answer: bytes

    def memory(self) -> int:
        """Return the memory of the processes in bytes; a shared page counts in proportion (PSS)."""
        return sum(process.memory_full_info().pss for process in self.processes)


@dataclass(frozen=True, slots=True)
class Contender:
    """Server that scores rows over HTTP. `max_connections` is 1 if it serves one request at a time.

    A function runs on the layers of its `checkout`.
    """

    name: str
    path: str
    body: Callable[[Rows], bytes]
    command: Callable[[int, Path], Sequence[str | Path]] | None = None
    function: Path | None = None
    environment: Mapping[str, str] | None = None
    max_connections: int = 8
    checkout: Path = ROOT

    def request(self, server: Server, rows: Rows) -> bytes:
        """Return the request that scores these rows."""
        return build_request(server.address, self.path, self.body(rows))

    @contextmanager
    def running(self, work: Path, first: Rows) -> Iterator[Server]:
        """Start the server and wait until it has scored `first`; finally stop it and its children."""
        before = {process.pid for process in psutil.Process().children(recursive=True)}
        folder = work / self.name.replace(" ", "-")
        folder.mkdir()
        opened = self._emulated(folder, _layers(self.checkout)) if self.function else self._process(folder)
        started = time.perf_counter()
        with _pinned(SERVER_CORE):
            address = opened.__enter__()
        try:
            with _pinned(CLIENT_CORE):
                answer = _first_answer(address, build_request(address, self.path, self.body(first)), folder / "log")
                ready = time.perf_counter() - started
                processes = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
                scoring = [child for child in processes if self.function is None or "awslambdaric" in child.cmdline()]
                yield Server(address, scoring, ready, answer)
        finally:
            left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
            opened.__exit__(None, None, None)
            _end(left)

    def _process(self, folder: Path) -> AbstractContextManager[Address]:
        assert self.command is not None  # noqa: S101 - a contender has a command or a function
        port = _free_port()
        own = {"PATH": os.defpath, "HOME": str(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SERVED)}
        command = [str(word) for word in self.command(port, folder)]
        return _listening(command, {**own, **(self.environment or {})}, folder, port)

    @contextmanager
    def _emulated(self, folder: Path, path: str) -> Iterator[Address]:
        assert self.function is not None  # noqa: S101 - as above
        environment = {"PYTHONDONTWRITEBYTECODE": "1", **(self.environment or {})}
        with runtime.run_function(self.function, path, environment, folder / "log") as url:
            parts = urlsplit(url)
            yield str(parts.hostname), int(parts.port or 0)


@contextmanager
def _listening(command: Sequence[str], environment: Mapping[str, str], folder: Path, port: int) -> Iterator[Address]:
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield "127.0.0.1", port
    finally:
        _end([psutil.Process(child.pid)] if child.poll() is None else [])
        child.wait(STOP_SECONDS)


def fastapi(model: Path) -> Contender:
    """Return FastAPI and uvicorn, one worker, on uvloop and httptools."""
    flags = ["--no-access-log", "--log-level", "warning", "--host", "127.0.0.1", "--port"]
    return Contender(
        "FastAPI + lightgbm",
        "/predict",
        lambda rows: json.dumps({"rows": rows}).encode(),
        lambda port, _: [_python(FASTAPI), "-m", "uvicorn", "fastapi_app:app", *flags, str(port)],
        environment={"MODEL_FILE": str(model)},
    )


def bentoml(model: Path) -> Contender:
    """Return BentoML with one worker."""
    return Contender(
        "BentoML",
        "/predict",
        lambda rows: json.dumps({"rows": rows}).encode(),
        lambda port, _: [
            _python(BENTOML).with_name("bentoml"), "serve", "bento_service:Scorer", "--working-dir", SERVED,
            "--host", "127.0.0.1", "--port", str(port),
        ],
        environment={"MODEL_FILE": str(model), "BENTOML_DO_NOT_TRACK": "True"},
    )  # fmt: skip


def mlserver(model: Path) -> Contender:
    """Return MLServer scoring in its own process, which is faster than with its default workers."""

    def command(port: int, folder: Path) -> Sequence[str | Path]:
        ports = {"http_port": port, "grpc_port": _free_port(), "metrics_port": _free_port()}
        settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, "metrics_dir": str(folder), **ports}
        runs = {"name": "model", "implementation": "mlserver_lightgbm.LightGBMModel", "parameters": {"uri": str(model)}}
        (folder / "settings.json").write_text(json.dumps(settings))
        (folder / "model-settings.json").write_text(json.dumps(runs))
        return [_python(MLSERVER).with_name("mlserver"), "start", folder]

    return Contender("MLServer", "/v2/models/model/infer", _infer, command)


def emulated(
    name: str, function: str, body: Callable[[Rows], bytes], environment: Mapping[str, str], checkout: Path = ROOT
) -> Contender:
    """Return a function of a checkout under the Runtime Interface Emulator; it serves one request at a time."""
    folder = checkout / "benchmarks" / "served" / function
    return Contender(name, runtime.INVOKE, body, None, folder, environment, max_connections=1, checkout=checkout)


def _infer(rows: Rows) -> bytes:
    data = [value for row in rows for value in row]
    tensor = {"name": "rows", "shape": [len(rows), len(rows[0])], "datatype": "FP64", "data": data}
    return json.dumps({"inputs": [tensor]}).encode()


def _first_answer(address: Address, content: bytes, log: Path) -> bytes:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return send_request(address, content)
        except (OSError, BadAnswer) as error:
            if time.monotonic() > deadline:
                end = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise RuntimeError(f"no response from {address}: {error}\n{end}") from error
            time.sleep(0.01)


def _end(processes: Sequence[psutil.Process]) -> None:
    """Terminate processes and their children, and kill those that do not stop."""
    members = dict.fromkeys(child for process in processes for child in _process_tree(process))
    for action in (psutil.Process.terminate, psutil.Process.kill):
        for member in members:
            if member.is_running():
                action(member)
        psutil.wait_procs(list(members), timeout=STOP_SECONDS)


def _process_tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """Pin this process and the processes that it starts to one core, also where it is pinned already."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(_CORES)[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@cache
def _python(requirements: tuple[str, ...]) -> Path:
    """Return the interpreter of the environment of a contender; the first call creates it."""
    first, *others = requirements
    command = [uv(), "tool", "run", "--python", sys.executable, "--from", first]
    command += [word for requirement in others for word in ("--with", requirement)]
    show_path = [*command, "python", "-c", "import sys; print(sys.executable)"]
    return Path(subprocess.run(show_path, check=True, capture_output=True, text=True).stdout.strip())


@cache
def _layers(checkout: Path) -> str:
    return runtime.build_layers(checkout / ".vigil" / "benchmark" / "native", "core", "scoring", checkout=checkout)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
