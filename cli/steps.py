"""Progress output of long commands: one line per step with its duration, live on a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Step:
    """A step that is running. `show` updates its detail, and `skip` marks the step as not needed."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self.note = ""

    def show(self, detail: str, done: float | None = None) -> None:
        """Show a detail and, if known, the fraction done (0 to 1)."""
        percent = f" {done:.0%}" if done is not None else ""
        self._progress.update(self._task, detail=f"[dim]{detail}{percent}[/]")

    def skip(self, reason: str) -> None:
        """Record why the step was not needed."""
        self.note = reason


class Steps:
    """Progress display of steps, which may run in several threads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = SpinnerColumn(), TextColumn("{task.description} {task.fields[detail]}"), TimeElapsedColumn()
        self._progress = Progress(*columns, console=console, transient=True)
        self._live = console.is_terminal

    def __enter__(self) -> "Steps":
        """Start the display."""
        if self._live:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Stop the display; the lines of finished steps stay."""
        if self._live:
            self._progress.stop()

    def show(self, sentence: str) -> None:
        """Print a line between steps."""
        self._console.print(sentence, highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while it runs; print one line with its duration when it ends."""
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
            line = f"{mark} {title}{note} [dim]{time.monotonic() - started:.1f} s[/]"
            self._console.print(line, markup=True, highlight=False)
