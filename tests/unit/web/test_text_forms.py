"""No error shows a regular expression: each pattern of a request, a history or a batch row has words."""

from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from tests.support.api_document import api_document
from vigil.decisions.scoring.schemas import SubjectBody, parse_subject
from vigil.errors import InvalidInput
from vigil.kernel import text_forms
from vigil.prediction.features.service import ART_VISITS, FLOWS
from vigil.web.schemas import field_error

NEVER_ALLOWED = "\x00 \u2028 @@ '\" " * 40


def patterns(schema):
    """Yield every pattern of a JSON schema or an OpenAPI document."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for each in schema.values():
            yield from patterns(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from patterns(each)


HISTORIES = [each.schema() for each in (ART_VISITS, FLOWS)]
REQUESTS = sorted({*patterns(api_document()), *patterns(SubjectBody.model_json_schema()), *patterns(HISTORIES)})


@pytest.mark.parametrize("pattern", REQUESTS)
def test_a_pattern_of_a_request_has_words(pattern):
    assert text_forms.has_words(pattern)
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[str, Field(pattern=pattern)]).validate_python(NEVER_ALLOWED)
    (detail,) = caught.value.errors()
    error = field_error(dict(detail))
    assert error.message == text_forms.MESSAGE
    assert pattern not in f"{error.message} {error.bound}"
    assert not set("^$\\") & set(f"{error.message} {error.bound}")


def test_a_bad_row_shows_words():
    with pytest.raises(InvalidInput) as caught:
        parse_subject({"subject_id": "a b", "features": {}})
    (error,) = caught.value.errors
    words = "1 to 128 letters, digits and . _ : @ -, without a point first"
    assert (error.field, error.message, error.bound) == ("subject_id", "has a form that is not allowed", words)
