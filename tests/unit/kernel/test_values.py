"""Values: equal by their fields, hashable, without other attributes, and protected by mypy."""

import pytest
from mypy import api

from vigil.kernel.values import value

SOURCE = """
from vigil.kernel.values import value

@value
class Point:
    x: int

point = Point(1)
point.x = 2
"""


@value
class Pair:
    """A name and a number."""

    name: str
    number: int = 0


def test_equal_fields_make_equal_values_with_equal_hashes():
    assert Pair("a") == Pair("a", 0)
    assert hash(Pair("a")) == hash(Pair("a", 0))
    assert Pair("a", 1) != Pair("a", 2)


def test_other_attributes_are_refused():
    with pytest.raises(AttributeError):
        Pair("a").size = 1


def test_mypy_refuses_an_assignment(tmp_path):
    (tmp_path / "point.py").write_text(SOURCE)
    report, _, status = api.run([str(tmp_path / "point.py"), "--cache-dir", str(tmp_path), "--follow-imports=silent"])
    assert status == 1
    assert 'Property "x" defined in "Point" is read-only' in report
