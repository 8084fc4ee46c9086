"""A group of commands of which one is meant where none is named: `vigil costs` is `vigil costs show`."""

import typer
from typer.core import TyperGroup


def default(command: str) -> type[TyperGroup]:
    """Return the class of a group whose options and nothing at all are those of one of its commands."""

    class Group(TyperGroup):
        """Commands with a default."""

        def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
            """Name the default where the first word names no command."""
            named = args and (args[0] == "--help" or not args[0].startswith("-"))
            return super().parse_args(ctx, args if named else [command, *args])

    return Group
