"""Time, memory and recall of the search for passages, without a network.

`.venv/bin/python -m benchmarks.retrieval` makes the files of a tenant, and measures them in new processes: 100,000
vectors of 384 dimensions in the embedded store, and a search by words and vectors in 5,000 passages. Files are on disk
in place of S3, and the manifest is in memory.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

from rich.console import Console

from benchmarks import retrieval_corpus
from benchmarks.retrieval_corpus import DIMENSION, LIMIT, PASSAGES, TENANT, VECTORS, Folder, Manifest
from cli import native
from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.embedded_store import EmbeddedVectorStore
from vigil.assistant.retrieval.hashed_embedder import HashedEmbedder
from vigil.assistant.retrieval.passage_files_store import S3PassageFiles
from vigil.assistant.retrieval.service import GuidelineSearch, VectorLeg

KILOBYTE = 1_024
out = Console(soft_wrap=True)
Result = TypeVar("Result")


def vectors(folder: Path) -> str:
    """Return the time of a question among all vectors, the memory, and the recall against exact search."""
    manifest = Manifest(folder)
    store = EmbeddedVectorStore(manifest, Folder(folder))
    questions, active = json.loads((folder / "questions.json").read_text()), manifest.read(TENANT).active
    at_start = resident_megabytes()
    recalls, times = [], Times()
    for each in questions:
        matches = times.measure(partial(store.query, TENANT, each["vector"], LIMIT, active))
        nearest = {PassageId(*name) for name in each["nearest"]}
        recalls.append(len(nearest & {match.passage_id for match in matches}) / LIMIT)
    return (
        f"{VECTORS:,} x {DIMENSION}, top {LIMIT}: {times}; recall {sum(recalls) / len(recalls):.3f}; "
        f"process {resident_megabytes():.0f} MB, {at_start:.0f} MB of them without vectors"
    )


def passages(folder: Path) -> str:
    """Return the time of a search by words alone, and by words and vectors."""
    manifest, files = Manifest(folder), Folder(folder)
    leg = VectorLeg(EmbeddedVectorStore(manifest, files), HashedEmbedder())
    questions, lines = json.loads((folder / "questions.json").read_text()), []
    for name, vector_leg in (("words", None), ("words and vectors", leg)):
        search, times = GuidelineSearch(manifest, S3PassageFiles(files), vector_leg), Times()
        for question in questions:
            times.measure(partial(search.search, TENANT, question))
        lines.append(f"{PASSAGES:,} passages, {name}: {times}")
    return "\n".join(f"{line}; process {resident_megabytes():.0f} MB" for line in lines)


class Times:
    """Times of calls. The first one reads and indexes the files."""

    def __init__(self) -> None:
        self._wall: list[float] = []
        self._cpu: list[float] = []

    def measure(self, call: Callable[[], Result]) -> Result:
        """Return the result of a call."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        self._wall.append(time.perf_counter() - wall)
        self._cpu.append(time.process_time() - cpu)
        return result

    def __str__(self) -> str:
        """Return the first time, and the median and the 95th percentile of the others."""
        return "; ".join(f"{name} {_described(values)}" for name, values in (("CPU", self._cpu), ("wall", self._wall)))


def _described(seconds: list[float]) -> str:
    first, *warm = (1e3 * each for each in seconds)
    return f"p50 {median(warm):.1f} ms, p95 {quantiles(warm, n=20)[-1]:.1f} ms, first {first:.0f} ms"


def resident_megabytes() -> float:
    """Return the largest memory of this process so far."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * KILOBYTE / 1e6


MEASURED = {"vectors": (retrieval_corpus.make_vectors, vectors), "passages": (retrieval_corpus.make_passages, passages)}


def main() -> None:
    """Make the files of each measurement, and print its line from a new process."""
    native.add_to_path()
    if len(sys.argv) == 3:
        out.print(MEASURED[sys.argv[1]][1](Path(sys.argv[2])), highlight=False)
        return
    for name, (make, _) in MEASURED.items():
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder))
            subprocess.run([sys.executable, "-m", "benchmarks.retrieval", name, folder], check=True)
    out.print(f"load {os.getloadavg()[0]:.1f}", highlight=False)


if __name__ == "__main__":
    main()
