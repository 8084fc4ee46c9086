"""Generated pages are fresh, and the map covers every room, function and store."""

from pathlib import Path

import pytest

from cli.pages import PAGES, functions, rooms

ROOT = Path(__file__).parents[2]
TECHNICAL = {"kernel", "runtime", "aws", "web", "workers", "outbound", "bootstrap"}


@pytest.mark.parametrize("path", PAGES)
def test_a_generated_page_is_fresh(path):
    assert (ROOT / path).read_text() == PAGES[path](), "run `make docs`"


def test_every_function_is_named_after_its_room():
    named = {function for room in rooms() for function in functions(room)}
    assert {path.parent.name for path in ROOT.glob("functions/*/handler.py")} == named


def test_the_map_names_every_room_and_function():
    page = (ROOT / "docs/map.md").read_text()
    expected = [*rooms(), *(path.parent.name for path in ROOT.glob("functions/*/handler.py"))]
    assert [name for name in expected if name not in page] == []


def test_every_room_has_tests():
    page = (ROOT / "docs/map.md").read_text().splitlines()
    rows = {line.split(" | ")[0].lstrip("| "): line for line in page if line.startswith("| ")}
    assert [room for room in rooms() if room not in TECHNICAL and "tests/" not in rows[room]] == []
