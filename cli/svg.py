"""Saves recorded terminal output as an SVG picture that loads nothing from the network."""

import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

_FONT_FACE = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)


def save_svg(console: Console, file: Path, title: str) -> None:
    """Write the output of a recording console as an SVG file, in the reader's own monospace font."""
    template = _FONT_FACE.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code", "ui-monospace, Menlo, Consolas")
    console.save_svg(str(file), title=title, code_format=template, unique_id="vigil")
