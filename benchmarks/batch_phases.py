"""Counts where the CPU time of a row goes in the worker of batches, without changing the worker.

A clock surrounds the functions of each phase. They run once per step of 500 rows, so that the clock itself takes less
than 0.02 us per row. The time of a phase excludes the phases inside it. It is the CPU time of the thread. The kernel
counts that of the process only every 4 ms while a step has a limit.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from rich.table import Table

from benchmarks.batch_worker import FORMATS, chunk_work
from benchmarks.model_cases import ModelCase
from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.limits_model import CHUNK_ROWS

OTHER = "everything else"
_BATCHES, _SCORER = "vigil.decisions.batches", "vigil.decisions.scoring.batch_scorer"
PHASES = {
    # path of a function: its phase
    "benchmarks.flow.DiskBatches.read": "read the file",
    f"{_BATCHES}.parsing.cut_steps": "find the rows",
    f"{_SCORER}.are_plain_subject_ids": "check the ids",
    "vigil.prediction.engines.trees.score_batch": "score",
    "vigil.prediction.engines.lightgbm.score_batch": "score",
    f"{_SCORER}._Outcomes.probabilities": "decide: probabilities",
    f"{_SCORER}._Outcomes.kinds": "decide: band, sides, doubt",
    f"{_SCORER}._number_texts": "text: numbers",
    f"{_SCORER}._AnswerTemplates._answer_encoded": "text: answers",
    f"{_BATCHES}.model.Batch.row_digests": "keyed digests of the rows",
    f"{_BATCHES}.chunks._part": "write: bytes of the part",
    "vigil.kernel.pseudonyms.TenantKey.digest": "keyed digest of the part",
    "benchmarks.flow.DiskBatches.put": "write: file",
}
FACTORIES = {
    # path of a function that returns functions: the phase of the first of these
    f"{_BATCHES}.fast_rows.build_fast_reader": "parse and check the values",
    f"{_BATCHES}.results.line_writers": "write: lines",
}


class PhaseClock:
    """CPU seconds by phase. A phase that calls another one does not count its time."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._running = [OTHER]
        self._since = time.thread_time()

    def run(self, work: Callable[[], object]) -> dict[str, float]:
        """Return the seconds of each phase while the work runs."""
        self._seconds.clear()
        self._since = time.thread_time()
        work()
        self._switch()
        return dict(self._seconds)

    def around(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a wrapper of a function that counts its time under `phase`.

        The time of a returned iterator is counted too.
        """

        def counted(*given: Any, **named: Any) -> Any:
            with self._inside(phase):
                found = function(*given, **named)
            return self._items(phase, found) if isinstance(found, Iterator) else found

        return counted

    def around_first(self, phase: str, factory: Callable[..., Any]) -> Callable[..., Any]:
        """Return a wrapper of a factory, whose function or first function counts its time under `phase`."""

        def build(*given: Any) -> Any:
            built = factory(*given)
            if isinstance(built, tuple):
                return self.around(phase, built[0]), *built[1:]
            return self.around(phase, built)

        return build

    def _items(self, phase: str, found: Iterator[Any]) -> Iterator[Any]:
        missing = object()
        while True:
            with self._inside(phase):
                item = next(found, missing)
            if item is missing:
                return
            yield item

    @contextmanager
    def _inside(self, phase: str) -> Iterator[None]:
        self._switch()
        self._running.append(phase)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    def _switch(self) -> None:
        now = time.thread_time()
        self._seconds[self._running[-1]] += now - self._since
        self._since = now


def phases(case: ModelCase, rounds: int) -> Table:
    """Return the table of microseconds per row by phase and format."""
    columns = [phase_times(case, form, rounds) for form in FORMATS]
    table = Table(f"{case.name}: phase of the worker, us/row", *FORMATS)
    for phase in (*dict.fromkeys([*PHASES.values(), *FACTORIES.values()]), OTHER):
        table.add_row(phase, *(f"{column[phase]:.2f}" for column in columns))
    table.add_row("sum", *(f"{sum(column.values()):.2f}" for column in columns))
    return table


def phase_times(case: ModelCase, form: FileFormat, rounds: int) -> dict[str, float]:
    """Return the microseconds per row of each phase: the minimum over the rounds.

    Other work disturbs the minimum least.
    """
    clock = PhaseClock()
    with ExitStack() as patches:
        for path, phase in (PHASES | FACTORIES).items():
            around = clock.around_first if path in FACTORIES else clock.around
            owner, _, name = path.rpartition(".")
            target = resolve_name(owner)
            patches.enter_context(patch.object(target, name, around(phase, getattr(target, name))))
        score = chunk_work(case, form)
        score()
        found = [clock.run(score) for _ in range(rounds)]
    names = {phase for seconds in found for phase in seconds}
    return defaultdict(float, {n: min(s.get(n, 0.0) for s in found) / CHUNK_ROWS * 1e6 for n in names})
