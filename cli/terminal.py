"""Text on a terminal: control characters of files and answers are visible, and no text has the effect of markup."""

import re
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

_CONTROLS = "\x00-\x1f\x7f-\x9f"
_DIRECTIONS = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Characters that end a line or change the direction of the text behind them."""
_UNSAFE = re.compile(f"[{_CONTROLS}{_DIRECTIONS}]")
_UNSAFE_IN_LINES = re.compile(f"(?![\n\t])[{_CONTROLS}{_DIRECTIONS}]")


def visible(text: str) -> str:
    r"""Return a text in which control characters, ends of lines included, are escapes such as `\x1b`."""
    return _UNSAFE.sub(_escape, text)


def visible_lines(text: str) -> str:
    """Return a text of several lines with visible control characters; ends of lines and tabs stay."""
    return _UNSAFE_IN_LINES.sub(_escape, text)


def escape_unencodable() -> None:
    """Let standard output and standard error print characters outside of their encoding as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class SafeConsole(Console):
    """Console that prints texts from outside safely.

    Control characters are visible escapes. Strings have no markup and no emoji codes unless a caller asks for them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False} | options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as text with visible control characters."""
        return super().render_str(visible_lines(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable. The codes of styles and of the cursor are no part of their text."""
        for segment in super().render(renderable, options):
            if segment.control or not _UNSAFE_IN_LINES.search(segment.text):
                yield segment
            else:
                yield Segment(visible_lines(segment.text), segment.style)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
