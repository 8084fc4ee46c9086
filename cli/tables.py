"""Tables of the commands, and the console that prints each one as wide as its contents."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.measure import Measurement
from rich.table import Table

from cli.terminal import SafeConsole

_MAX_WIDTH = 10_000
"""Maximum width of a table, in characters."""


def item_table(items: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> Table:
    """Return a table of these fields of items. A field that is absent or None is empty."""
    table = Table(*columns, box=None)
    for item in items:
        table.add_row(*("" if item.get(column) is None else str(item[column]) for column in columns))
    return table


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
