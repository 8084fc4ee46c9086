"""HTML as a person with a browser sees it, on every Python alike."""

import time
from contextlib import suppress

import pytest

from vigil.assistant.passages.failures_model import UnreadableDocument
from vigil.assistant.passages.html_reader import read_html

SECRET = "obey me"


def lines(source, charset=None):
    document = read_html(source.encode(charset or "utf-8"), charset)
    return [(block.kind, block.text) for block in document.blocks], document.hidden_characters


def texts(source):
    return [text for _, text in lines(source)[0]]


HIDDEN = [
    *(
        f'<{tag} style="{style}">{SECRET}</{tag}>'
        for tag, style in [
            ("p", "display:none"),
            ("p", "DISPLAY : None !important"),
            ("span", "disp\\6c ay:none"),
            ("p", "visibility:hidden"),
            ("p", "/* x */visibility:/**/collapse"),
            ("span", "font-size:0"),
            ("span", "font-size:.5px"),
            ("b", "font:0/0 a"),
            ("b", "opacity:0"),
            ("b", "opacity:.01"),
            ("p", "position:absolute;left:-9999px"),
            ("p", "text-indent:-999em"),
            ("p", "position:fixed; top:-200vh"),
            ("p", "clip:rect(0,0,0,0)"),
            ("p", "clip-path:inset(100%)"),
            ("p", "width:1px;height:1px;overflow:hidden"),
            ("p", "transform:translateX(-9999px)"),
            ("p", "color:#fff"),
            ("p", "color:#fefefe;background:#ffffff"),
            ("p", "color:rgb(255, 255, 250)"),
            ("p", "color:hsl(0,0%,100%)"),
            ("p", "background:black;color:#010101"),
            ("p", "color:transparent"),
            ("p", "color:rgba(0,0,0,0)"),
            ("p", "color:#00000000"),
        ]
    ),
    f"<p hidden>{SECRET}</p>",
    f'<p hidden="until-found">{SECRET}</p>',
    f'<div aria-hidden="TRUE"><p>{SECRET}</div>',
    f"<template><p>{SECRET}</template>",
    f"<script>{SECRET}</script>",
    f"<style>{SECRET}</style>",
    f"<noscript>{SECRET}</noscript>",
    f"<title>{SECRET}</title>",
    f"<textarea>{SECRET}</textarea>",
    f"<iframe>{SECRET}</iframe>",
    f"<object>{SECRET}</object>",
    f"<del>{SECRET}</del>",
    f"<dialog>{SECRET}</dialog>",
    f'<svg><desc>{SECRET}</desc><path d="1"/><defs><text>{SECRET}</text></defs></svg>',
    f'<font color="white">{SECRET}</font>',
    f'<table bgcolor="#fff"><tr><td><font color=white>{SECRET}</table>',
    f'<img alt="{SECRET}" title="{SECRET}">',
    f"<a href=\"{SECRET}\" data-x='{SECRET}'></a>",
    f"<!-- {SECRET} -->",
    f"<!-- -- > {SECRET} -->",
    f"<!--->x--> {SECRET} -->"[:5] + f"<!-- {SECRET} --!>",
    f"<! {SECRET}>",
    f"<? {SECRET} ?>",
    f"</ {SECRET}>",
    f"<![CDATA[{SECRET}]]>",
    f'<p title="a>b {SECRET}">',
    f"<script><!--<script></script>{SECRET}--></script>",
    f"<script>'</scriptx>{SECRET}'</script >",
    f"<style>.x{{display:none}}</style><p class='y x'>{SECRET}</p>",
    f"<style>p#x{{color:#fff}}</style><p id=x>{SECRET}</p>",
    f"<style>@media print{{p{{}}}} a,b {{visibility:hidden}}</style><b>{SECRET}</b>",
    f"<p style='display:none'>{SECRET}<span style='display:inline'>{SECRET}</span></p>",
    f"<div hidden><p>{SECRET}</div>",
    f"<p hidden>{SECRET}<b>{SECRET}</b></p>",
    f"<table hidden><tr><td>{SECRET}</table>",
    f"<style>b{{opacity:0}}</style><div><b>{SECRET}</b></div>",
    f"<ul><li hidden>{SECRET}<li>",
    f"<s>{SECRET}</s>",
]


@pytest.mark.parametrize("source", HIDDEN)
def test_hidden_text_is_left_out_and_counted(source):
    found, hidden = lines(f"<p>Before</p>{source}<p>After</p>")
    assert [text for _, text in found] == ["Before", "After"]
    assert hidden >= len(SECRET) - 1 or "=" in source


@pytest.mark.parametrize(
    "source", [f"<!-- {SECRET}", f"<p title='{SECRET}>x", f"<script>{SECRET}", f'<a b="{SECRET}>x</a>']
)
def test_unfinished_markup_hides_the_rest(source):
    assert texts(f"<p>Before</p>{source}") == ["Before"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<!--> a", ["a"]),
        ("<!---> a", ["a"]),
        ("a < b and 5<6 &lt;p&gt; &amp;nbsp; &#x2265;", ["a < b and 5<6 <p> &nbsp; ≥"]),
        ("<head><title>T</title><p>Text without an end of the head", ["Text without an end of the head"]),
        ("<p hidden>no<p>yes", ["yes"]),
        ("<p hidden>no<div>yes</div>", ["yes"]),
        ("<ul><li hidden>no<li>yes</ul>", ["yes"]),
        ("<table><tr><td hidden>no<td>yes<tr><td>more</table>", ["yes", "more"]),
        ("<p>10<sup>3</sup> cells, H<sub>2</sub>O, see<sup>a</sup></p>", ["10³ cells, H₂O, see^a"]),
        ("<p>in<b>ter</b>rupted<br>line</p>", ["interrupted line"]),
        ("<p style='background:#000;color:#fff'>white on black</p>", ["white on black"]),
        ("<p style='background:url(x.png);color:#fff'>white on a picture</p>", ["white on a picture"]),
        ("<style>@media print{p{display:none}}</style><p>on screens</p>", ["on screens"]),
        ("</p></div><p>stray ends</td></p>", ["stray ends"]),
        ("<h2><div>Inside</div></h2>", ["Inside"]),
        ("<p>zero\u200bwidth \u202ebidi\u202c so\u00adft \U000e0041tag</p>", ["zerowidth bidi soft tag"]),
    ],
)
def test_visible_text_is_read_as_browsers_show_it(source, expected):
    assert texts(source) == expected


def test_headings_lists_and_tables_are_blocks():
    source = """<h1>Guide</h1><p>Intro</p><h3>Dose</h3><ul><li>One<ul><li>Two</ul><li><p>Three</ul>
    <table><caption>Doses</caption><thead><tr><th>Drug<th colspan=2>Dose<tbody>
    <tr><td rowspan=2>A<td>5 mg<td>daily<tr><td>6 mg<td><td></table>
    <table><tr><td>Box. More.</table>
    <table><tr><th>Age<td>5</table><table><tr><td><h2>Layout</h2><p>Text</p><td>Side</table>"""
    assert lines(source)[0] == [
        ("heading", "Guide"),
        ("paragraph", "Intro"),
        ("heading", "Dose"),
        ("list_item", "One"),
        ("list_item", "Two"),
        ("list_item", "Three"),
        ("paragraph", "Doses"),
        ("table_row", "Drug: A; Dose: 5 mg; Dose: daily"),
        ("table_row", "Drug: A; Dose: 6 mg"),
        ("paragraph", "Box. More."),
        ("table_row", "Age; 5"),
        ("heading", "Layout"),
        ("paragraph", "Text"),
        ("paragraph", "Side"),
    ]


@pytest.mark.parametrize(
    ("name", "text"), [("cp1252", "≤ is not in it, é is"[2:]), ("utf-8", "≥ 5"), ("utf-16", "≥ 5")]
)
def test_declared_encoding_is_obeyed(name, text):
    head = f'<meta charset="{name}">' if name == "cp1252" else ""
    content = f"{head}<p>{text}</p>".encode(name)
    assert read_html(content, name if name == "utf-8" else None).blocks[0].text == text


def test_wrong_encoding_is_a_failure():
    with pytest.raises(UnreadableDocument) as refused:
        read_html("<p>é</p>".encode("cp1252"))
    assert refused.value.code == "unknown_encoding"


@pytest.mark.parametrize(
    "piece", ["<a ", "<!--", "<!", "</", "<", "<a b=", "<p ", "<b>x", "</b>", "<td>", "<a b='", "&#", "<li>"]
)
def test_time_grows_with_the_text(piece):
    def seconds(count):
        start = time.process_time()
        with suppress(UnreadableDocument):
            read_html((piece * count).encode())
        return time.process_time() - start

    assert seconds(16_000) < 12 * max(seconds(4_000), 0.004)
