"""No error shows a text of the validation library: each rule of a request, a history or a flow has words."""

import pytest
from pydantic_core import PydanticKnownError

from tests.support.api_document import api_document
from vigil.access.keys.schemas import KeyBody
from vigil.errors import FieldError, InvalidInput
from vigil.kernel import rule_texts
from vigil.prediction.features.parsing import validate_document
from vigil.prediction.features.schemas import HistoryIn
from vigil.prediction.features.service import ART_VISITS, FLOWS
from vigil.web.schemas import field_error

LIST, NONE = {"field_type": "List", "actual_length": 7}, {}
CAUSES = {
    "minItems": [("too_short", LIST | {"min_length": 1})],
    "maxItems": [("too_long", LIST | {"max_length": 2})],
    "minLength": [("string_too_short", {"min_length": 1})],
    "maxLength": [("string_too_long", {"max_length": 2})],
    "pattern": [("string_pattern_mismatch", {"pattern": "^a$"})],
    "minimum": [("greater_than_equal", {"ge": 1})],
    "maximum": [("less_than_equal", {"le": 1})],
    "exclusiveMinimum": [("greater_than", {"gt": 1})],
    "exclusiveMaximum": [("less_than", {"lt": 1})],
    "enum": [("literal_error", {"expected": "'a' or 'b'"})],
    "const": [("literal_error", {"expected": "'a'"})],
    "required": [("missing", NONE)],
    "additionalProperties": [("extra_forbidden", NONE)],
    "minProperties": [("too_short", LIST | {"field_type": "Dictionary", "min_length": 1})],
    "maxProperties": [("too_long", LIST | {"field_type": "Dictionary", "max_length": 1})],
    "propertyNames": [("literal_error", {"expected": "'a'"})],
    "array": [("list_type", NONE)],
    "object": [("dict_type", NONE), ("model_type", {"class_name": "Body"}), ("model_attributes_type", NONE)],
    "string": [("string_type", NONE)],
    "integer": [("int_type", NONE), ("int_from_float", NONE)],
    "number": [("float_type", NONE), ("finite_number", NONE)],
    "boolean": [("bool_type", NONE)],
    "null": [("none_required", NONE)],
}
"""Error kinds of the library, by the keyword or the type of JSON Schema that causes them."""
WITHOUT_ERRORS = {"$defs", "$ref", "anyOf", "allOf", "default", "description", "examples", "format", "items",
                  "properties", "title", "type", "deprecated"}  # fmt: skip
LIBRARY_WORDS = ("validation", "should", "Input", "List", "Dictionary", "String", "Body")


def keywords(schema):
    """Yield the keywords and types of a JSON schema, but not the names of its properties."""
    yield from schema
    if isinstance(schema.get("type"), str):
        yield schema["type"]
    for name in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(name), dict):
            yield from keywords(schema[name])
    for name in ("anyOf", "allOf"):
        for each in schema.get(name, ()):
            yield from keywords(each)
    for name in ("properties", "$defs"):
        for each in schema.get(name, {}).values():
            yield from keywords(each)


def schemas():
    """Yield every schema of the API and of the histories."""
    document = api_document()
    yield from document["components"]["schemas"].values()
    for path in document["paths"].values():
        for operation in path.values():
            yield from (each["schema"] for each in operation.get("parameters", ()) if "schema" in each)
    yield from (each.schema() for each in (ART_VISITS, FLOWS))


def shown(kind, context):
    error = PydanticKnownError(kind, context or None)
    return field_error({"type": kind, "loc": ("body", "field"), "msg": error.message(), "ctx": context})


def test_every_rule_of_the_api_has_a_known_error():
    found = {keyword for schema in schemas() for keyword in keywords(schema)} - WITHOUT_ERRORS
    assert {each for each in found if not each.startswith("x-")} <= set(CAUSES)


@pytest.mark.parametrize(("kind", "context"), [cause for causes in CAUSES.values() for cause in causes])
def test_an_error_of_the_library_has_words_of_its_own(kind, context):
    error = shown(kind, context)
    assert error.message.split()[0] in {"must", "is", "has"}
    assert not [word for word in LIBRARY_WORDS if word in f"{error.message} {error.bound}"]


@pytest.mark.parametrize(
    ("keyword", "bound"),
    [
        ("minItems", "at least 1 item"),
        ("maxItems", "at most 2 items"),
        ("minLength", "at least 1 character"),
        ("maxLength", "at most 2 characters"),
    ],
)
def test_a_wrong_size_names_the_allowed_one(keyword, bound):
    ((kind, context),) = CAUSES[keyword]
    assert shown(kind, context) == FieldError("field", f"must have {bound}", bound)


def test_an_error_without_a_rule_is_returned_as_it_is():
    assert rule_texts.describe_rule("other", "is odd", {}) == ("is odd", "is odd")


@pytest.mark.parametrize("document", [{"visits": 1}, {"visits": [{"visited_at": "x"}]}, {"visits": [{}] * 5001}])
def test_an_error_of_a_history_has_words_of_its_own(document):
    with pytest.raises(InvalidInput) as caught:
        validate_document(HistoryIn, document)
    for error in caught.value.errors:
        assert not [word for word in LIBRARY_WORDS if word in f"{error.message} {error.bound}"]


def test_an_empty_list_of_permissions_names_the_bound():
    with pytest.raises(ValueError, match="permissions") as caught:
        KeyBody.model_validate({"permissions": []})
    (row,) = caught.value.errors()
    assert field_error(dict(row)) == FieldError("permissions", "must have at least 1 item", "at least 1 item")
