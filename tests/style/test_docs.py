"""The documentation is complete, linked and short enough to read."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:docs|tests|layers|functions|cli|models|infra|benchmarks|events)/[\w./-]+\.\w+)`")
MAX_README_LINES = 120
MIN_FILES_PER_WORD = 2


def targets(page):
    for match in LINK.finditer(page.read_text()):
        target = match[1] or match[3]
        if "://" not in target and not target.startswith("mailto:"):
            yield (page.parent / target).resolve()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_path_of_a_page_exists(page):
    named = [ROOT / path for path in PATH.findall(page.read_text()) if "<" not in path and "…" not in path]
    assert [str(path) for path in [*targets(page), *named] if not path.exists()] == []


@pytest.mark.parametrize("folder", ["layers", "cli", "functions", "models", "benchmarks", "infra", "tests"])
def test_every_page_that_a_source_names_exists(folder):
    sources = [path for kind in ("py", "yaml") for path in (ROOT / folder).rglob(f"*.{kind}")]
    named = {name for source in sources for name in re.findall(r"\bdocs/[\w./-]+\.md\b", source.read_text())}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_indexes_list_every_page():
    indexes = [ROOT / "docs/README.md", ROOT / "docs/operations/README.md"]
    listed = {target for index in indexes for target in targets(index)}
    pages = {page.resolve() for folder in ("docs", "docs/operations") for page in ROOT.glob(f"{folder}/*.md")}
    assert sorted(str(page.relative_to(ROOT)) for page in pages - listed - {indexes[0].resolve()}) == []


def test_no_two_pages_differ_by_an_s_only():
    names = Counter(page.stem.lower().rstrip("s") for page in ROOT.glob("docs/*.md"))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= MAX_README_LINES


def test_every_glossary_word_is_used():
    rows = re.findall(r"^\| ([a-z -]+) \|", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    words = [row for row in rows if row not in {"word", "---"}]
    texts = [p.read_text().lower() for p in PAGES if p.name != "glossary.md"]
    texts += [file.read_text().lower() for file in ROOT.glob("layers/core/vigil/**/*.py")]
    used = {word: sum(word in text or word.replace(" ", "_") in text for text in texts) for word in words}
    assert words == sorted(words)
    assert {word: count for word, count in used.items() if count < MIN_FILES_PER_WORD} == {}
