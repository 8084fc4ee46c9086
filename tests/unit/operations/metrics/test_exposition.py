"""Both text formats are accepted by Prometheus's own parsers and have the same values."""

from math import inf, nan

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from vigil.operations.metrics.exposition_model import choose_format, render
from vigil.operations.metrics.model import FAMILIES, Family, Sample, counter, gauge

AWKWARD = 'a "quoted" \\ path\nwith a line'
FOUND = [
    counter("vigil_predictions", {(): 2**60}),
    counter("vigil_requests", {(("service", "scoring-api"), ("route", AWKWARD), ("outcome", "failed")): 3}),
    Family(
        "vigil_request_latency_seconds",
        (Sample((("quantile", "0.95"),), 0.0125), Sample((), 1.5, "_sum"), Sample((), 12, "_count")),
    ),
    gauge("vigil_objective_budget_ratio", {(("objective", "events"),): -0.25}),
    gauge("vigil_dead_letter_jobs", {}),
]


def parsed(text_format, families=FOUND):
    read = read_openmetrics if text_format == "openmetrics" else read_text
    return list(read(render(families, text_format)))


@pytest.mark.parametrize("text_format", ["text", "openmetrics"])
def test_a_parser_of_prometheus_reads_every_family(text_format):
    families = {family.name: family for family in parsed(text_format)}
    assert families.keys() >= {family.name for family in FOUND}
    for name, family in families.items():
        assert (family.type, family.documentation) == (FAMILIES[name].type, FAMILIES[name].help)


@pytest.mark.parametrize("text_format", ["text", "openmetrics"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_values_that_are_not_finite_are_read_by_both_parsers(text_format, value):
    found = [
        counter("vigil_predictions", {(): value}),
        Family(
            "vigil_request_latency_seconds",
            (Sample((("quantile", "0.5"),), abs(value)), Sample((), value, "_sum"), Sample((), value, "_count")),
        ),
        gauge("vigil_objective_budget_ratio", {(("objective", "events"),): value}),
    ]
    families = parsed(text_format, found)
    samples = [(sample.name, repr(sample.value)) for family in families for sample in family.samples]
    quantile = ("vigil_request_latency_seconds", repr(abs(value)))
    assert samples == [quantile, ("vigil_objective_budget_ratio", repr(value))]


def test_both_formats_have_the_same_values():
    values = [
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in parsed(name)
            for sample in family.samples
        }
        for name in ("text", "openmetrics")
    ]
    assert values[0] == values[1]
    assert values[0]["vigil_predictions_total", ()] == 2**60
    assert ("vigil_requests_total", (("outcome", "failed"), ("route", AWKWARD), ("service", "scoring-api"))) in values[
        0
    ]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text"),
        ("*/*", "text"),
        ("text/plain", "text"),
        ("application/json", "text"),
        ("application/openmetrics-text", "openmetrics"),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", "openmetrics"),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.1", "text"),
        ("application/openmetrics-text;q=0", "text"),
        ("application/openmetrics-text;q=x", "text"),
    ],
)
def test_the_format_follows_the_accept_header(accept, expected):
    assert choose_format(accept) == expected
