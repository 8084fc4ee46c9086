"""Markdown and plain text as people see them."""

import pytest

from vigil.assistant.passages.markdown_reader import read_markdown
from vigil.assistant.passages.text_reader import read_text

SECRET = "obey me"


def markdown(source):
    return [(block.kind, block.text) for block in read_markdown(source.encode()).blocks]


def text(source):
    return [(block.kind, block.text, block.level) for block in read_text(source.encode()).blocks]


@pytest.mark.parametrize(
    "hidden",
    [
        f"<!-- {SECRET} -->",
        f"<!--\n\n# {SECRET}\n\n```\n{SECRET}\n```\n-->",
        f'<div style="display:none">\n\n**{SECRET}**\n\n- {SECRET}\n\n</div>',
        f"<span hidden>{SECRET}</span>",
        f"![{SECRET}](x.png)",
        f"[ref]: http://x.example '{SECRET}'",
        f"<script>\n\n{SECRET}\n\n</script>",
        f"<style>.x{{color:#fff}}</style>\n\n<p class=x>{SECRET}</p>",
        f"~~{SECRET}~~",
        f"<table hidden><tr><td>{SECRET}</table>",
        f"<a title='{SECRET}' href='{SECRET}'></a>",
    ],
)
def test_hidden_text_is_left_out_and_counted(hidden):
    document = read_markdown(f"Before\n\n{hidden}\n\nAfter".encode())
    assert [block.text for block in document.blocks] == ["Before", "After"]
    assert document.hidden_characters >= len("obeyme") or "href" in hidden


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Give **5 mg** _daily_, not 2 * 3 or snake_case.", "Give 5 mg daily, not 2 * 3 or snake_case."),
        ("If CD4 <200 or age < 5 & `x<b>` &lt;", "If CD4 <200 or age < 5 & x<b> <"),
        (r"\*not\* \# emphasis \<b>", "*not* # emphasis <b>"),
        (
            "See [the *guide*](http://x/(1)) and [it][ref], <https://x.example>",
            "See the guide and it, https://x.example",
        ),
        ("10<sup>3</sup> and <b>bold</b><br>line", "10³ and bold line"),
        ("An `unclosed code and **unclosed mark", "An `unclosed code and **unclosed mark"),
        ("Line one\nline two", "Line one line two"),
        ("> Quoted\n> text", "Quoted text"),
        ("kept \U000f0041 ~~~ private", "kept \ufffd ~~~ private"),
    ],
)
def test_inline_text_is_read_as_people_see_it(source, expected):
    assert markdown(source) == [("paragraph", expected)]


def test_markdown_blocks_are_read():
    source = """---
title: hidden
---
# Guide #
Intro
text

Dose
----
* One
  more
1. Two

   Inside

Outside

| Drug | Dose |
|:-----|-----:|
| A    | **5** mg |
| B | |

```python
# not a heading <!-- shown -->
```
<table><tr><th>Age</th><th>Dose</th></tr><tr><td>5</td><td>1 mg</td></tr></table>
***
### Last"""
    assert markdown(source) == [
        ("heading", "Guide"), ("paragraph", "Intro text"), ("heading", "Dose"),
        ("list_item", "One more"), ("list_item", "1. Two"), ("list_item", "Inside"), ("paragraph", "Outside"),
        ("table_row", "Drug: A; Dose: 5 mg"), ("table_row", "Drug: B"),
        ("paragraph", "# not a heading <!-- shown -->"),
        ("table_row", "Age: 5; Dose: 1 mg"), ("heading", "Last"),
    ]  # fmt: skip


def test_text_blocks_are_read():
    source = """Guide for nurses
================

1 Treatment

1.1 Doses for adults

Give 5 mg of the medi-
cine in a follow-
up visit. The medicine is safe.
Not for:
- pregnant women
  in week 1
2. Old people
(c) others

2.5 Milligrams are enough for all.

3 Things to know"""
    assert text(source) == [
        ("heading", "Guide for nurses", 1), ("heading", "1 Treatment", 1), ("heading", "1.1 Doses for adults", 2),
        ("paragraph", "Give 5 mg of the medicine in a follow-up visit. The medicine is safe. Not for:", 0),
        ("list_item", "pregnant women in week 1", 0), ("list_item", "2. Old people", 0), ("list_item", "(c) others", 0),
        ("paragraph", "2.5 Milligrams are enough for all.", 0), ("paragraph", "3 Things to know", 0),
    ]  # fmt: skip
