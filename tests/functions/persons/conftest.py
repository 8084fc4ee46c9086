"""A deployment with the functions that serve persons, and data of two persons in every store."""

import json

import pytest

from tests.support.gateway import event
from tests.support.persons import JANE, JOE, LONG_CONTEXT, batch, declare, outcome, score
from vigil.bootstrap import access


@pytest.fixture
def api(deployed):
    from functions.batches_api import handler as batches
    from functions.outcomes_api import handler as outcomes
    from functions.persons_api import handler as subjects
    from functions.scoring_api import handler as scoring

    functions = {"scores": scoring, "outcomes": outcomes, "batches": batches, "subjects": subjects}

    def call(method, path, **arguments):
        function = functions[path.split("/")[2]]
        arguments = {"role": "admin"} | arguments
        answer = function.lambda_handler(event(method, path, **arguments), LONG_CONTEXT)
        return answer["statusCode"], json.loads(answer["body"] or "null"), answer["headers"]

    access.tenants().create("globex", "FREE")
    return call


@pytest.fixture
def planted(api, deployed):
    """Data of two persons in every store of one tenant, and of the first in another tenant; yields the decisions and
    batches.
    """
    decisions = []
    for subject in (JANE, JANE, JOE):
        made = score(api, subject, key=f"k-{subject}-{len(decisions)}")[1]["decision_id"]
        assert outcome(api, made)[0] == 201
        decisions += [made] if subject == JANE else []
        declare(api, "given", subject)
    score(api, tenant="globex")
    declare(api, "given", tenant="globex")
    files = [batch(api, deployed, form, JANE, JOE) for form in ("ndjson", "csv")]
    return decisions, files
