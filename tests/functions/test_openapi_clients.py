"""A client that `openapi-python-client` generates calls every resource; answers have the described headers."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from cli.checkout import ROOT, pin, uv
from tests.support.api_document import api_document
from tests.support.deployments import deployment
from tests.support.fakes.clock import Clock
from tests.support.isolation import swaps
from tests.support.isolation.door import FrontDoor, Request
from tests.support.isolation.server import served
from tests.support.isolation.world import GOOD, OPERATORS, begin_signing, create_resources, signed, tokens_of
from vigil.bootstrap import process
from vigil.web.middleware import SECURITY_HEADERS

DOCUMENT = api_document()
OPERATIONS = {operation.name: operation for operation in swaps.operations(DOCUMENT)}
METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE")
IN_ORDER = sorted(OPERATIONS.values(), key=lambda each: METHODS.index(each.method))
"""Operations in an order in which each finds the resources that it needs."""
UNDESCRIBED = {"content-type", "content-length", "vary", "pragma", *SECURITY_HEADERS}
"""Headers that HTTP defines or that every answer has."""
BLOCKS = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def door(trained):
    """Entry to a deployment with a fixed clock."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setattr(process, "now", Clock())
        with deployment(trained, environment):
            begin_signing()
            yield FrontDoor(environment)


@pytest.fixture(scope="module")
def owner(door):
    """Resources of a tenant, and the key of an operator of this tenant."""
    names = create_resources(door, OPERATORS, [])
    return names, tokens_of(OPERATORS, ("operator",))["operator"]


NEAR_EXPIRY = {"vigil-key-expires-at"}
"""Header of a key in its last 30 days. The keys of these tests have a year; `test_key_expiry.py` has the others."""


def described(operation, status):
    """Return the names of the headers that the document describes for an answer."""
    method, path = operation.split()
    answer = DOCUMENT["paths"][path][method.lower()]["responses"][str(status)]
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return {name.lower() for name in answer["headers"]}


def differences(operation, answer, absent=()):
    """Return the headers that an answer has and its description does not, or the reverse."""
    return (described(operation, answer.status) - NEAR_EXPIRY) ^ (answer.headers.keys() - UNDESCRIBED | set(absent))


def test_answers_have_the_described_headers(door):
    names = create_resources(door, "headers-clinic", [])
    token = tokens_of(names.tenant_id, ("operator",))["operator"]
    found, statuses = {}, set()
    for number, operation in enumerate(IN_ORDER):
        request = operation.request(names)
        keyed = "Idempotency-Key" in operation.named("header")
        request = with_headers(request, ("Idempotency-Key", f"headers-{number}")) if keyed else request
        request = signed(token, request) if operation.guarded else request
        answers = [door.send(request), door.send(request)] if keyed else [door.send(request)]
        answers.append(door.send(replace_query(request, {"unknown": "1"})))
        statuses |= {answer.status for answer in answers}
        for index, answer in enumerate(answers):
            rare = {"idempotency-replayed"} if index == 0 else set()
            rare |= {"retry-after"} if answer.status == 409 else set()
            rare &= described(operation.name, answer.status)
            if wrong := differences(operation.name, answer, rare):
                found[operation.name, index, answer.status] = wrong
    assert found == {}
    assert {200, 201, 202, 204, 404, 422} <= statuses


@pytest.mark.parametrize(
    ("status", "method", "path", "role"),
    [
        (403, "GET", "/v1/tenants", "viewer"),
        (404, "GET", "/v1/scores/{decision_id}", "member"),
        (405, "DELETE", "/v1/scores", "member"),
        (400, "GET", "/v1/scores", "member"),
        (415, "POST", "/v1/scores", "member"),
    ],
)
def test_errors_have_the_described_headers(door, owner, status, method, path, role):
    query = {"cursor": "AAAA"} if status == 400 else {}
    headers = (("Content-Type", "text/plain"),)
    request = Request(method, path.replace("{decision_id}", "dec-0"), query, headers, "x" if status == 415 else None)
    answer = door.send(signed(tokens_of(OPERATORS, (role,))[role], request))
    operation = f"{'GET' if status == 405 else method} {path}"
    assert (answer.status, differences(operation, answer)) == (status, set())


def with_headers(request, *headers):
    return Request(request.method, request.path, request.query, (*request.headers, *headers), request.body)


def replace_query(request, query):
    return Request(request.method, request.path, query, request.headers, request.body)


@pytest.fixture(scope="module")
def client(door, owner, tmp_path_factory):
    """Folder with the generated client, the address of the API, and the environment of the documented commands."""
    folder = tmp_path_factory.mktemp("client")
    with served(door) as address, pytest.MonkeyPatch.context() as environment:
        for name, value in {"API": address, "KEY": owner[1], "NO_PROXY": "127.0.0.1"}.items():
            environment.setenv(name, value)
        environment.setenv("PATH", f"{Path(uv()).parent}{os.pathsep}{os.environ['PATH']}")
        (shell,) = [text for kind, text in documented() if kind == "sh"]
        done = subprocess.run(["sh", "-euc", shell], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARN" not in (done.stdout + done.stderr).upper()
        environment.syspath_prepend(str(folder))
        yield folder


def documented():
    """Return language and text of each block in the section of the API guide."""
    section = (ROOT / "docs" / "api.md").read_text().split("\n## Generate a client\n")[1].split("\n## ")[0]
    return BLOCKS.findall(section)


def test_the_documented_generator_is_the_pinned_one():
    (shell,) = [text for kind, text in documented() if kind == "sh"]
    assert pin("openapi-client").replace("==", "@") in shell


def run_program(folder, features):
    """Run the documented program with a subject of these features."""
    (program,) = [text for kind, text in documented() if kind == "python"]
    (folder / "program.py").write_text(program)
    subject = {"model": "toy", "subject_id": "P-1", "features": features}
    (folder / "subject.json").write_text(json.dumps(subject))
    return subprocess.run([sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, check=False)


def test_the_documented_program_runs(client):
    done = run_program(client, GOOD)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("201 ")


def test_the_documented_program_prints_a_refusal(client):
    done = run_program(client, GOOD | {"colour": "blue"})
    assert done.returncode == 1
    assert json.loads(done.stderr)["type"] == "urn:vigil:problem:invalid-input"


def module_of(operation):
    """Return the generated module of an operation."""
    method, path = operation.name.split()
    described = DOCUMENT["paths"][path][method.lower()]
    tag, name = (text.replace(" ", "_").replace(".", "_") for text in (described["tags"][0], described["operationId"]))
    return import_module(f"vigil_client.api.{tag}.{name}")


def test_every_operation_has_a_module(client):
    modules = {file for file in client.glob("vigil_client/api/*/*.py") if file.name != "__init__.py"}
    assert {Path(module_of(operation).__file__) for operation in OPERATIONS.values()} == modules


def body_of(module, value):
    """Return a JSON body as an object of the generated class."""
    kind = get_type_hints(module.sync_detailed)["body"]
    if isinstance(value, list):
        (item,) = get_args(kind)
        return [item.from_dict(each) for each in value]
    (document,) = [each for each in get_args(kind) or (kind,) if hasattr(each, "from_dict")]
    return document.from_dict(value)


def plain(value):
    """Return a JSON value with moments instead of their texts: clients write them with other digits."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else value
    except ValueError:
        return value


def test_the_client_calls_each_resource_and_parses_its_answers(client, door, owner):
    from vigil_client import AuthenticatedClient, Client

    names, token = owner
    parsed = {}
    for operation in IN_ORDER:
        request, module = operation.request(names), module_of(operation)
        values, own = operation.values(names), AuthenticatedClient(os.environ["API"], token)
        given = [values[name] for name in operation.named("path")]
        more = dict(request.query) | ({"body": body_of(module, request.body)} if operation.takes_a_body else {})
        more |= {"if_none_match": "*"} if "If-None-Match" in dict(request.headers) else {}
        caller = own if operation.guarded else Client(os.environ["API"])
        answer = module.sync_detailed(*given, client=caller, **more)
        if answer.status_code < 300 and answer.content and "json" in answer.headers["content-type"]:
            assert plain(answer.parsed.to_dict()) == plain(json.loads(answer.content)), operation.name
            parsed[operation.name] = type(answer.parsed).__name__
    assert {DOCUMENT["paths"][name.split()[1]][name.split()[0].lower()]["tags"][0] for name in parsed} == {
        tag["name"] for tag in DOCUMENT["tags"]
    } - {"vendor reports", "alert links", "metrics"}  # their answers are empty, pages for people, or text
    assert len(parsed) > 50
    assert parsed["POST /v1/scores"] == "DecisionView"
