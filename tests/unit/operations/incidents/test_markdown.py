"""A text of a person or of a source stays text in Markdown: no markup, no link, no mention, no list."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.markdown import Markdown

from tests.support.fakes.incidents import ADA, IncidentRoom
from vigil.operations.incidents.markdown_model import escape, format_duration, to_markdown

PIECES = [
    "http://",
    "HTTPS://a.example",
    "www.",
    "WWW.a.example",
    "@",
    "@ada",
    "a@b.example",
    "#12",
    "-",
    "+",
    "=",
    "*",
]
PIECES += ["---", "===", "1.", "12)", "|", "\\", "\\|", "`", "```", "[x](y)", "![x](y)", "<b>", "<!--", "&lt;", "&#64;"]
PIECES += [
    "~~",
    "_",
    "**",
    "$x$",
    "#",
    "# ",
    "> ",
    "\n",
    "\r\n",
    "\u2028",
    "\u200b",
    "\u202e",
    " ",
    "\t",
    "a",
    "é",
    "7",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)
LINKED = re.compile(r"(?i)[a-z]://|\bwww\.|@\w|(?<![\[\w])#\w|[\w.+-]@")
"""Links, mentions and references that GitHub, GitLab and linkify-it find in plain text."""


def plain(markup):
    """Return the text that a line of Markdown shows. Raise AssertionError for anything but one line of text."""
    (line,) = [token for token in Markdown(markup).parsed if token.type == "inline"]
    assert {child.type for child in line.children} <= {"text", "text_special"}
    return "".join(child.content for child in line.children)


def kinds(markup):
    return [token.type for token in Markdown(markup).parsed if not token.type.endswith("_close")]


@given(TEXTS)
@example("- item")
@example("1) item")
@example("https://evil.example/?a=1 @channel www.evil.example | x")
def test_an_escaped_text_is_shown_as_text_in_every_place(text):
    escaped = escape(text)
    assert "\n" not in escaped
    if not escaped:
        return
    shown = plain(escaped)
    assert kinds(escaped) == ["paragraph_open", "inline"]
    assert kinds(f"* {escaped}") == ["bullet_list_open", "list_item_open", "paragraph_open", "inline"]
    assert kinds(f"# {escaped}") == ["heading_open", "inline"]
    assert plain(f"* {escaped}") == plain(f"# {escaped}") == shown
    table = Markdown(f"| a | b |\n| --- | --- |\n| {escaped} | end |").parsed
    cells = [token for token in table if token.type == "inline"]
    assert [token.content for token in cells][-1] == "end"
    assert len(cells) == 4
    assert "".join(child.content for child in cells[2].children) == shown
    assert not LINKED.search(shown)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), max_size=20))
def test_a_text_of_letters_and_digits_is_not_changed(text):
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://evil.example/x", "see https[:]//evil.example/x"),
        ("www.evil.example", "www[.]evil.example"),
        ("@channel and ada@clinic.example", "[@]channel and ada[@]clinic.example"),
        ("fixes #12", "fixes [#]12"),
        ("12:04:31, 1.5 %", "12:04:31, 1.5 %"),
        ("- a\n- b", "- a - b"),
        ("a\u200b\u202eb", "ab"),
    ],
)
def test_a_text_stays_readable(text, shown):
    assert plain(escape(text)) == shown


def test_every_text_of_a_report_is_escaped():
    hostile = "- https://evil.example @channel | www.evil.example #1"
    room = IncidentRoom()
    incident = room.open()
    for number in range(1, 7):
        room.incidents.skip(incident, number, hostile, ADA)
    room.incidents.resolve(incident, hostile, (hostile,), ADA)
    markdown = to_markdown(room.incidents.report(incident))
    assert not re.search(r"://|@c|www\.|#1", markdown)
    assert "\n\\- https" in markdown
    assert "\n* \\- https" in markdown


def test_a_report_has_whole_seconds_and_durations_in_words():
    room = IncidentRoom()
    room.clock.advance(milliseconds=1500)
    incident = room.open()
    room.clock.advance(hours=1, seconds=61)
    room.run(incident, 1)
    room.incidents.escalate(incident, "It began at 2026-11-30T10:12:13.123456Z", ADA)
    markdown = to_markdown(room.incidents.report(incident))
    assert not re.search(r":\d\d\.\d", markdown)
    assert "| time to acknowledge | less than a second |" in markdown
    assert "It began at 2026-11-30T10:12:13Z" in markdown
    assert re.search(r"\n\| 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \| opened \|", markdown)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "less than a second"),
        (1.9, "1 second"),
        (61, "1 minute 1 second"),
        (7_200, "2 hours"),
        (176_403.5, "2 days 1 hour 3 seconds"),
    ],
)
def test_a_duration_is_shown_in_words(seconds, words):
    assert format_duration(seconds) == words
