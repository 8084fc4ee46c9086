"""The templates set every variable that the entry of a function names."""

import pytest

from functions import build
from tests.support import entries
from tests.support.templates import INFRA, template
from vigil.runtime.settings import Settings

TEMPLATES = [INFRA.parent / "template.yaml", *sorted((INFRA / "functions").glob("*.yaml"))]


def given():
    """Return the variables of each function, by the folder of the function."""
    found = {}
    for path in TEMPLATES:
        parts = template(path)
        shared = parts.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
        for logical_id, resource in parts["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                own = resource["Properties"].get("Environment", {}).get("Variables", {})
                found[build.folder(logical_id)] = {*shared, *own}
    return found


def test_the_templates_deploy_every_function_and_no_other():
    assert sorted(given()) == sorted(entries.NAMES)


@pytest.mark.parametrize("function", entries.NAMES)
def test_template_sets_every_variable_that_a_function_names(function):
    named = {Settings.variable(name) for name in ("stage", *entries.entry(function).needs)}
    assert named - given()[function] == set()
