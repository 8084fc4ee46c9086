"""Commands that refuse an option or a name that is given twice, and an empty value."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand

_EMPTY = "''"
"""Text in the help of an option that takes an empty value."""


class StrictCommand(TyperCommand):
    """Command whose options have one value each. An option for a list has each name once."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Parse the arguments. Raises BadParameter for a repeated option or name, and for an empty value."""
        if not ctx.resilient_parsing:
            values, _, given = self.make_parser(ctx).parse_args(list(args))
            for parameter, times in Counter[Any](given).items():
                for refusal in _refusals(parameter, times, values):
                    raise typer.BadParameter(refusal, ctx, parameter)
        return super().parse_args(ctx, args)


def make_strict(app: typer.Typer) -> None:
    """Make every command of an application strict, also those of its groups."""
    for command in app.registered_commands:
        command.cls = StrictCommand
    for group in app.registered_groups:
        if group.typer_instance:
            make_strict(group.typer_instance)


def parse_pairs(
    texts: Sequence[str], option: str, example: str, names: Sequence[str] = (), *, needs_value: bool = True
) -> dict[str, str]:
    """Return the pairs of an option such as `--label region=eu`. `names` are the allowed names; all if it is empty.

    Raises BadParameter for a text without a name or `=`, for another name, and for an empty value if one is needed.
    """
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name.strip() and equals) or (needs_value and not value.strip()):
            raise typer.BadParameter(f"must be a name and a value, such as {example}.", param_hint=option)
        if names and name not in names:
            allowed = f"must begin with one of the names {', '.join(names)}. An example is {example}."
            raise typer.BadParameter(allowed, param_hint=option)
        pairs[name] = value
    return pairs


def _refusals(parameter: Any, times: int, values: Mapping[str, Any]) -> Iterator[str]:
    value, is_list = values[parameter.name], getattr(parameter, "multiple", False)
    texts = value if isinstance(value, list | tuple) else [value]
    takes_empty = _EMPTY in (getattr(parameter, "help", None) or "")
    if not takes_empty and any(isinstance(text, str) and not text.strip() for text in texts):
        yield "is empty. Give a value." if parameter.required else "is empty. Give a value, or leave it out."
    if times > 1 and not is_list:
        yield f"is given {times} times. Give it once."
    for name, uses in Counter(str(text).partition("=")[0] for text in texts).items():
        if is_list and uses > 1:
            yield f"has {name} {uses} times. Name it once."
