"""Progress of long work: one line per step with its time, live on a terminal, plain where there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Step:
    """One step under way; `say` tells what it is at, `skip` that there was nothing to do."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self.note = ""

    def say(self, detail: str, done: float | None = None) -> None:
        """Show a detail, and the fraction done if it is known."""
        share = f" {done:.0%}" if done is not None else ""
        self._progress.update(self._task, detail=f"[dim]{detail}{share}[/]")

    def skip(self, why: str) -> None:
        """Note why nothing was done."""
        self.note = why


class Steps:
    """Steps that may run at the same time, in several threads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = SpinnerColumn(), TextColumn("{task.description} {task.fields[detail]}"), TimeElapsedColumn()
        self._progress = Progress(*columns, console=console, transient=True)
        self._live = console.is_terminal

    def __enter__(self) -> "Steps":
        """Begin to show."""
        if self._live:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Leave the lines of the finished steps behind."""
        if self._live:
            self._progress.stop()

    def say(self, sentence: str) -> None:
        """Show a line between steps."""
        self._console.print(sentence, highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while it runs, and one line with its time once it has ended."""
        task = self._progress.add_task(title, detail="", total=None)
        step = Step(self._progress, task)
        started = time.monotonic()
        mark = "[red]✗[/]"
        try:
            yield step
            mark = "[dim]·[/]" if step.note else "[green]✓[/]"
        finally:
            self._progress.remove_task(task)
            note = f" [dim]{step.note}[/]" if step.note else ""
            self._console.print(f"{mark} {title}{note} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)
