import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from random import Random
from xml.etree import ElementTree

import pytest

from tests.support.invented_health import invent_facts
from tests.support.random_reports import random_facts
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.findings.suppression_model import Estimate
from vigil.monitoring.report.facts_model import HealthFacts, VolumeFacts
from vigil.monitoring.report.markup_model import (
    write_count,
    write_estimate,
    write_number,
    write_share,
    write_times,
    write_words,
)
from vigil.monitoring.report.model import Budget
from vigil.monitoring.report.page import HEADERS, render_page
from vigil.monitoring.report.publishing_model import publish
from vigil.monitoring.report.schemas import HealthReportView
from vigil.monitoring.report.style_model import COLOURS, MARK_PAIRS, TEXT_PAIRS
from vigil.monitoring.report.words_model import SHARES
from vigil.monitoring.trials.model import WeighedTrial
from vigil.prediction.trials.evidence_model import TrialEvidence
from vigil.prediction.trials.intervals_model import MeanInterval

HTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
HOSTILE = "</style><script>alert(1)</script>&\"'\x00\ud800\x0b"
EMPTY = HealthFacts("m", 1, "single", "2026-11-29", False, Budget(1.0, 0, "2026-11-29"), VolumeFacts("a", "b", 0, 0))
FORTY = [f"feature_{number}" for number in range(40)]


def parse(page):
    return ElementTree.fromstring(page.encode())  # noqa: S314 - a page of our own


def parsed(facts):
    return parse(render_page(publish(facts)))


def cells(page):
    found = [*page.iter(f"{HTML}td"), *page.iter(f"{HTML}th")]
    return {"".join(cell.itertext()) for cell in found}


@pytest.mark.parametrize(
    "facts", [EMPTY, invent_facts(), invent_facts(features=FORTY)], ids=["empty", "alarm", "forty"]
)
def test_a_page_is_valid_xml_without_scripts_and_other_files(facts):
    page = parsed(facts)
    tags = {each.tag for each in page.iter()}
    assert not {f"{HTML}{tag}" for tag in ("script", "link", "img", "iframe", "object", "form", "base")} & tags
    names = {name for each in page.iter() for name in each.attrib}
    assert not {"style", "src", "href", "onload"} & names
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/)", render_page(publish(facts)))


def test_a_page_of_40_features_has_at_most_150_kilobytes():
    facts = invent_facts(features=["f" * 57 + name for name in FORTY])
    assert len(render_page(publish(facts)).encode()) <= 150_000


def test_the_policy_allows_the_style_of_the_page_alone():
    style = parsed(EMPTY).find(f"{HTML}head/{HTML}style").text
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(pair):
    low, high = sorted(luminance(COLOURS[name]) for name in pair)
    return (high + 0.05) / (low + 0.05)


def test_texts_have_a_contrast_of_4_5_and_marks_of_3():
    assert {pair: contrast(pair) for pair in TEXT_PAIRS if contrast(pair) < 4.5} == {}
    assert {pair: contrast(pair) for pair in MARK_PAIRS if contrast(pair) < 3} == {}


def test_the_style_uses_named_colours_alone():
    style = parsed(EMPTY).find(f"{HTML}head/{HTML}style").text
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", style)) <= set(COLOURS.values())


def test_every_figure_has_a_title_and_a_description():
    pictures = list(parsed(invent_facts()).iter(f"{SVG}svg"))
    assert len(pictures) > 10
    for picture in pictures:
        title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
        assert picture.get("role") == "img"
        assert picture.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text
        assert description.text
    names = [each.get("id") for picture in pictures for each in picture if each.get("id")]
    assert len(names) == len(set(names))


def test_every_plotted_number_is_in_a_table():
    report = publish(invent_facts(features=FORTY))
    shown = cells(parse(render_page(report)))
    points = (*report.calibration.production, *report.calibration.reference)
    charted = [row for row in report.drift if row.aspect == "values"]
    plotted = [write_share(point.predicted) for point in points]
    plotted += [write_estimate(point.observed, is_share=True) for point in points]
    plotted += [write_count(count) for row in charted for count in (*row.window, *row.baseline)]
    plotted += [write_number(number) for row in report.drift for number in (row.distance, row.threshold)]
    plotted += [write_times(row.strength) for row in report.drift]
    plotted += [write_estimate(row.ratio) for row in report.groups]
    plotted += [
        text for week in report.trend for text in (write_count(week.rows), write_share(week.flagged), week.start)
    ]
    assert set(plotted) <= shown


def test_tables_have_headings_and_captions():
    page = parsed(invent_facts())
    for table in page.iter(f"{HTML}table"):
        assert all(each.get("scope") == "col" for each in table.iter(f"{HTML}th") if each in list(table[0].iter()))
        rows = [len(list(row)) for row in table.iter(f"{HTML}tr")]
        assert len(set(rows)) == 1
    regions = [each for each in page.iter(f"{HTML}div") if each.get("class") == "wide"]
    assert all(each.find(f"{HTML}table/{HTML}caption").text == each.get("aria-label") for each in regions)


def test_names_with_markup_are_escaped():
    facts = invent_facts(features=[HOSTILE, "days_supply"])
    finding = replace(facts.findings[0], text=HOSTILE, subjects=(HOSTILE,))
    groups = {HOSTILE: {HOSTILE: GroupTally(500, 90, 20), "b": GroupTally(500, 90, 20), "not given": GroupTally(20)}}
    volume = replace(facts.volume, abstained={HOSTILE: 40}, degraded={HOSTILE: 3}, start=HOSTILE)
    drift = tuple(replace(row, cells=(HOSTILE,) * len(row.cells), since=HOSTILE) for row in facts.drift)
    hostile = replace(facts, model=HOSTILE, findings=(finding,), groups=groups, volume=volume, drift=drift)
    text = render_page(publish(hostile))
    page = parse(text)
    assert "<script" not in text
    assert not [each for each in page.iter() if each.tag.endswith("script")]
    assert "</style><script>alert(1)</script>&\"'???" in cells(page)


def test_huge_tiny_and_infinite_numbers_are_shown_short():
    assert [write_number(x) for x in (1e300, -1e-300, 0.0, 12_345.6, -0.5)] == [
        "1e+300",
        "\u22121e\u2212300",
        "0",
        "12,346",
        "\u22120.5",
    ]
    facts = invent_facts()
    wild = tuple(replace(row, distance=1e308, threshold=1e-300, e_value=float("inf")) for row in facts.drift)
    difference = MeanInterval(1e-12, float("-inf"), float("nan"))
    trial = WeighedTrial(5, "2026-11-29", TrialEvidence("better", 10**12, float("inf"), 0.0, difference))
    page = parsed(replace(facts, drift=wild, trial=trial))
    for shape in page.iter(f"{SVG}rect"):
        assert float(shape.get("width")) <= 400
    assert not [text for text in cells(page) if "inf" in text or "nan" in text]


def test_every_random_report_is_valid_xml_and_json():
    for seed in range(40):
        report = publish(random_facts(Random(seed)))
        parse(render_page(report))
        assert HealthReportView.model_validate_json(HealthReportView.from_report(report).model_dump_json())


def test_equal_facts_give_equal_pages():
    assert render_page(publish(invent_facts())) == render_page(publish(invent_facts()))


def test_confirmed_outcomes_are_dated_by_the_days_on_which_they_were_due():
    text = "".join(parsed(invent_facts()).itertext())
    confirmed = invent_facts().confirmed
    assert f"outcomes that were due from {confirmed.start} to {confirmed.end}, with" in text


def test_an_estimate_without_limit_says_so():
    assert write_estimate(Estimate(2.0, 1.1, None)) == "2 (1.1 to no limit)"
    assert write_words("low_confidence") == "Low confidence"
    assert "auc" not in SHARES
