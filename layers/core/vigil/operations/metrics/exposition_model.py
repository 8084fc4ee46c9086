"""Text formats of Prometheus: 0.0.4 and OpenMetrics 1.0.

Sources: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
"""

from collections.abc import Iterable, Iterator
from math import isfinite, isnan
from typing import Literal

from vigil.operations.metrics.model import FAMILIES, Family, Sample

TextFormat = Literal["text", "openmetrics"]
CONTENT_TYPES: dict[TextFormat, str] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}
"""Content type of each format."""
_OPENMETRICS = "application/openmetrics-text"
_ACCEPTED_BY_TEXT = {"text/plain", "text/*", "*/*"}
_MAX_WHOLE = 2**53
"""Number above which a float has no exact whole numbers."""


def choose_format(accept: str) -> TextFormat:
    """Return the format for an Accept header: OpenMetrics if the caller prefers it, otherwise 0.0.4."""
    weights = {"openmetrics": 0.0, "text": 0.0}
    for part in accept.split(","):
        media_type, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = _weight(parameters)
        if media_type == _OPENMETRICS:
            weights["openmetrics"] = max(weights["openmetrics"], weight)
        elif media_type in _ACCEPTED_BY_TEXT:
            weights["text"] = max(weights["text"], weight)
    preferred = weights["openmetrics"] > 0 and weights["openmetrics"] >= weights["text"]
    return "openmetrics" if preferred else "text"


def _weight(parameters: list[str]) -> float:
    given = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    try:
        return float(given)
    except ValueError:
        return 0.0


def render(families: Iterable[Family], text_format: TextFormat) -> str:
    """Return the text of the families. OpenMetrics ends with `# EOF`.

    A counter, sum or count that is not finite is left out. Other values may be `NaN`, `+Inf` and `-Inf`.
    """
    lines = [line for family in families for line in _lines(family, text_format)]
    end = ["# EOF"] if text_format == "openmetrics" else []
    return "".join(f"{line}\n" for line in (*lines, *end))


def _lines(family: Family, text_format: TextFormat) -> Iterator[str]:
    kind = FAMILIES[family.name]
    is_suffixed = kind.type == "counter" and text_format == "text"
    name = f"{family.name}_total" if is_suffixed else family.name
    yield f"# HELP {name} {kind.help}"
    yield f"# TYPE {name} {kind.type}"
    for sample in filter(_is_valid, family.samples):
        yield f"{family.name}{sample.suffix}{_labels(sample)} {_number(sample.value)}"


def _is_valid(sample: Sample) -> bool:
    """Return False for a sum that is no finite number: no total of a counter may be NaN in OpenMetrics.

    Its samples have a suffix. A gauge and a quantile may have every value.
    """
    return isfinite(sample.value) or not sample.suffix


def _labels(sample: Sample) -> str:
    texts = [f'{name}="{_escaped(value)}"' for name, value in sample.labels]
    return f"{{{','.join(texts)}}}" if texts else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < _MAX_WHOLE else repr(float(value))
