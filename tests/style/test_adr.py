"""Each decision record has its sections and working links, and the index lists it once."""

import re
from pathlib import Path

import pytest

ADR = Path(__file__).parents[2] / "docs" / "adr"
PAGES = sorted(ADR.glob("[0-9]*.md"))
SECTIONS = ["Context", "Decision", "Alternatives", "Code"]
STATUS = re.compile(
    r"^Status: (accepted|superseded by \[\d{4}\]\(\d{4}-[a-z0-9-]+\.md\))\. Date: \d{4}-\d\d-\d\d\. Area: ", re.M
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem[:4])
def test_a_record_has_title_status_sections_and_code(page):
    text = page.read_text()
    assert re.match(rf"# {int(page.stem[:4])}\. \S", text)
    assert STATUS.search(text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert re.search(r"\]\(\.\./\.\./", text.partition("## Code")[2])


def test_numbers_are_consecutive():
    assert [int(page.stem[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))


def test_the_index_lists_every_record_once():
    listed = re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", (ADR / "README.md").read_text())
    assert sorted(listed) == [page.name for page in PAGES]
