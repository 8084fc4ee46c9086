"""The code, the documentation and the gateway use the same catalogue of problems."""

import re
from pathlib import Path

from vigil import errors
from vigil.web import problems

ROOT = Path(__file__).parents[3]
KNOWN = {p.code: p.status for p in [*problems.CATALOGUE.values(), problems.INTERNAL, problems.METHOD_NOT_ALLOWED]}


def subclasses(cls):
    return {cls} | {found for child in cls.__subclasses__() for found in subclasses(child)}


def test_every_error_has_a_problem():
    ours = {cls for cls in subclasses(errors.VigilError) if cls.__module__ == "vigil.errors"} - {errors.VigilError}
    assert ours == problems.CATALOGUE.keys()


def test_every_problem_is_documented_with_its_status():
    rows = re.findall(r"^\| (`.*?`) \| (\d+) \|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    documented = {code: int(status) for codes, status in rows for code in re.findall(r"`(.*?)`", codes)}
    assert KNOWN.items() <= documented.items()
    gateway = set(re.findall(r"urn:vigil:problem:([a-z_-]+)", (ROOT / "infra" / "api.yaml").read_text()))
    assert gateway <= documented.keys()
