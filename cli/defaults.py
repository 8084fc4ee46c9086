"""Command groups with a default command: `vigil costs` runs `vigil costs show`."""

import typer
from typer.core import TyperGroup


def with_default(command: str) -> type[TyperGroup]:
    """Return a group class that runs `command` if the first argument is missing or is an option."""

    class Group(TyperGroup):
        """Command group with a default command."""

        def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
            """Insert the default command if the arguments name no command."""
            named = args and (args[0] == "--help" or not args[0].startswith("-"))
            return super().parse_args(ctx, args if named else [command, *args])

    return Group
