"""Every regular expression that caller text can reach works in linear time, on texts of up to 256 KiB."""

import re

import pytest

from tests.support.patterns import UsedPattern, inline_patterns, slow_text, used_patterns

USED = list(used_patterns())


def test_every_pattern_is_a_constant_of_its_module():
    assert inline_patterns() == []


def test_patterns_of_the_package_are_found():
    assert len(USED) >= 12
    assert {"fullmatch", "sub"} <= {used.method for used in USED}


@pytest.mark.parametrize("used", USED, ids=lambda used: f"{used.place}.{used.method}")
def test_pattern_is_linear(used):
    assert slow_text(used) is None


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", "fullmatch"),
        (r"([^@\s]+@?[^@\s]+)*$", "match"),
        (r" +#", "search"),
    ],
)
def test_quadratic_pattern_is_found(pattern, method):
    assert slow_text(UsedPattern("here", re.compile(pattern), method)) is not None
