"""Filter patterns of CloudWatch Logs, as far as the templates use them. MiniStack's filters match every line.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.support.templates import TEMPLATES, resources

CONDITION = re.compile(r"""\$\.(\w+) (=|!=) ("[^"]*"|\d+)""")
JSON_PATTERN = re.compile(r"\{ (.*) \}")
COLUMNS_PATTERN = re.compile(r"\[(.*)\]")
COLUMN = re.compile(r"(\w+)(?:=(\w+))?")


def read_columns(pattern: str, line: str) -> dict[str, str] | None:
    """Return the words of a line by their column, or None if the line does not match `[name, name=word, ...]`."""
    (inner,) = COLUMNS_PATTERN.fullmatch(pattern.strip()).groups()  # type: ignore[union-attr]  # a test fails
    columns = [text.strip() for text in inner.split(",")]
    has_rest = columns[-1] == "..."
    columns, words = columns[: len(columns) - has_rest], line.split()
    if len(words) < len(columns) or (len(words) > len(columns) and not has_rest):
        return None
    found = {}
    for column, word in zip(columns, words, strict=False):
        name, wanted = COLUMN.fullmatch(column).groups()  # type: ignore[union-attr]  # a test fails
        if wanted not in {None, word}:
            return None
        found[name] = word
    return found


def matches_json(pattern: str, line: str) -> bool:
    """Return True if a line is a JSON object that meets all conditions of `{ $.name = value && … }`."""
    (inner,) = JSON_PATTERN.fullmatch(pattern.strip()).groups()  # type: ignore[union-attr]  # a test fails
    if not line.startswith("{"):
        return False
    fields = json.loads(line)
    return all(_is_met(condition, fields) for condition in inner.split(" && "))


def filter_value(properties: Mapping[str, Any], line: str) -> float | None:
    """Return the value that a metric filter publishes for a line, or None."""
    pattern, value = properties["FilterPattern"], properties["MetricTransformations"][0]["MetricValue"]
    if pattern.startswith("["):
        columns = read_columns(pattern, line)
        return float(columns[value.removeprefix("$")]) if columns else None
    return float(value) if matches_json(pattern, line) else None


def metric_filters() -> dict[str, dict[str, Any]]:
    """Return the properties of every metric filter of the templates, by logical id."""
    return {
        name: properties
        for path in TEMPLATES
        for name, properties in resources(path, "AWS::Logs::MetricFilter").items()
    }


def _is_met(condition: str, fields: Mapping[str, Any]) -> bool:
    """Return True for a met condition. As on AWS, `!=` is not met by a missing field."""
    name, operator, text = CONDITION.fullmatch(condition).groups()  # type: ignore[union-attr]  # a test fails
    found, wanted = fields.get(name), json.loads(text)
    return found is not None and (found == wanted) == (operator == "=")
