"""Console of the commands: prints each table as wide as its contents."""

from typing import Any

from rich.measure import Measurement
from rich.table import Table

from cli.terminal import SafeConsole

_MAX_WIDTH = 10_000
"""Maximum width of a table, in characters."""


class TableConsole(SafeConsole):
    """Console that never cuts or folds the cells of a table, on a narrow terminal and in a pipe.

    Scripts and readers need whole ids, amounts and times. A terminal wraps lines that are longer than its width.
    """

    def print(self, *objects: Any, crop: bool = True, **options: Any) -> None:
        """Print objects; the width of the terminal does not limit tables."""
        tables = [each for each in objects if isinstance(each, Table)]
        for table in tables:
            table.width = Measurement.get(self, self.options.update(max_width=_MAX_WIDTH), table).maximum
        super().print(*objects, crop=crop and not tables, **options)
