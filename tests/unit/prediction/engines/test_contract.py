"""One rule for the names of models: contract, requests, registry and recipes give the same verdict."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from models import recipe
from tests.unit.prediction.engines.contracts import contract
from vigil.decisions.scoring.schemas import ScoreBody
from vigil.errors import InvalidInput

NAMES = {
    "a": True,
    "wdbc": True,
    "icy-roads": True,
    "a1-2-": True,
    "a" * 32: True,
    "a" * 33: False,
    "a" * 64: False,
    "diabetes_progression": False,
    "1a": False,
    "-a": False,
    "": False,
    "A": False,
    "a.b": False,
    "a b": False,
    "ä": False,
    "a\n": False,
}


def accepts(check, *refusals):
    try:
        check()
    except refusals:
        return False
    return True


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_gets_the_same_verdict_everywhere(name):
    verdicts = {
        "contract": accepts(lambda: replace(contract("lightgbm"), name=name), ValueError),
        "request": accepts(lambda: ScoreBody(subject_id="p", model=name), ValidationError),
        "recipe": accepts(lambda: recipe.check_name(name), InvalidInput),
    }
    assert verdicts == dict.fromkeys(verdicts, NAMES[name])
