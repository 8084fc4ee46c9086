"""The table of services equals botocore's service models, and contains exactly the operations that the code calls."""

import ast
from itertools import chain
from pathlib import Path

import pytest
from botocore import xform_name

from tests.support.aws_calls import service_model
from vigil.aws.attempts import TRANSIENT_CODES
from vigil.aws.services import SERVICES, python_name

ROOT = Path(__file__).parents[3]
SOURCES = [path for folder in ("layers/core/vigil", "cli", "functions") for path in (ROOT / folder).rglob("*.py")]
OPERATIONS = [(service.name, each.name) for service in SERVICES.values() for each in service.operations.values()]
NAMESAKES = {"create_connection", "describe_rule", "encrypt", "list_keys", "update_alias"}
"""Names of operations that the code has for something else, such as sockets, or aliases of Lambda."""
PLANTING = {"list_tables", "send_message", "update_continuous_backups"}
"""Operations with which drills plant faults on the embedded stack. They have botocore's clients."""


def members_of_type(shape, kind, seen=frozenset()):
    """Return the names of the members of a type, at any depth. A list of blobs counts by its own name."""
    if shape is None or shape.name in seen:
        return set()
    seen |= {shape.name}
    if shape.type_name == "structure":
        inner = list(shape.members.items())
    elif shape.type_name == "map":
        inner = [("", shape.value)]
    else:
        inner = []
    found = set()
    for name, member in inner:
        leaf = member
        while leaf.type_name == "list":
            leaf = leaf.member
        found |= {name} if leaf.type_name == kind else members_of_type(leaf, kind, seen)
    return found


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
def test_a_service_equals_its_model(service):
    model = service_model(service.name)
    metadata = model.metadata
    assert service.name == model.service_name
    assert service.service_id == model.service_id
    assert service.endpoint_prefix == model.endpoint_prefix
    assert service.signing_name == model.signing_name
    assert service.target_prefix == metadata["targetPrefix"]
    assert service.json_version == metadata["jsonVersion"]
    assert model.resolved_protocol == "json"
    assert metadata["signatureVersion"] == "v4"


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
@pytest.mark.parametrize("kind", ["blob", "timestamp"])
def test_bytes_and_times_equal_those_of_the_model(service, kind):
    models = [service_model(service.name).operation_model(each.name) for each in service.operations.values()]
    shapes = chain.from_iterable((model.input_shape, model.output_shape, *model.error_shapes) for model in models)
    expected = set().union(*(members_of_type(shape, kind) for shape in shapes))
    assert expected == (service.blobs if kind == "blob" else service.timestamps)


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_an_operation_equals_its_model(service, name):
    model = service_model(service).operation_model(name)
    (operation,) = (each for each in SERVICES[service].operations.values() if each.name == name)
    assert python_name(name) == xform_name(name)
    assert model.http == {"method": "POST", "requestUri": "/"}
    assert [operation.token] * bool(operation.token) == model.idempotent_members
    assert not model.has_streaming_input
    assert not model.has_streaming_output
    renamed = [member for member in model.input_shape.members.values() if "name" in member.serialization]
    assert renamed == []
    retryable = {shape.name for shape in model.error_shapes if shape.metadata.get("retryable")}
    assert retryable <= TRANSIENT_CODES


def called_names():
    """Return every name in the code that is an operation of a service in the table."""
    every = {xform_name(name) for service in SERVICES for name in service_model(service).operation_names}
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in every:
                found.add(node.value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in every:
                found.add(node.func.attr)
    return found


def test_the_table_has_the_operations_that_the_code_calls():
    table = {name for service in SERVICES.values() for name in service.operations}
    assert called_names() - NAMESAKES - PLANTING == table
