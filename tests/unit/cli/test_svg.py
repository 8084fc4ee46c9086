"""Tests of pictures of terminal output."""

from io import StringIO

from rich.console import Console

from cli.svg import save_svg


def test_a_picture_has_the_text_and_loads_nothing_from_the_network(tmp_path):
    console = Console(record=True, width=40, file=StringIO())
    console.print("[bold]one decision[/]")
    save_svg(console, tmp_path / "demo.svg", "vigil demo")
    picture = (tmp_path / "demo.svg").read_text()
    assert "decision" in picture
    assert "@font-face" not in picture
    assert "url(http" not in picture
