"""API Gateway's own errors and its compression, on a small stack with the gateway responses of the template."""

import gzip
import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.support.templates import INFRA, resources

API = resources(INFRA / "api.yaml", "AWS::Serverless::Api")["Api"]
INTEGRATIONS = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions"
HANDLERS = {
    "raises": "raise ValueError('secret-value')",
    "hangs": "import time; time.sleep(30)",
    "says-nothing": "return {'answer': 'secret-value'}",
    "small": "return {'statusCode': 200, 'body': 'x' * 1023, 'headers': {'ETag': 'a'}}",
    "large": "return {'statusCode': 200, 'body': 'x' * 1024, 'headers': {'ETag': 'a'}}",
    "throttled": "return {'statusCode': 200, 'body': 'secret-value'}",
    "refuses": "return {'statusCode': 502, 'body': '{}', 'headers': {'Content-Type': 'application/json'}}",
}


def plain(value):
    """Return a part of a template without tags: as a document that CloudFormation reads."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {str(name): plain(each) for name, each in value.items()}


def role():
    """Return the role of the functions."""
    assumed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": [assumed]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}


def function(name, body):
    """Return a function with this line as its handler."""
    properties = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Timeout": 2,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": f"def handler(event, context):\n    {body}\n"},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def stack():
    """Return a template with one function and one route for each handler."""
    made, paths = {"Role": role()}, {}
    for number, (name, body) in enumerate(HANDLERS.items()):
        made[f"F{number}"] = function(name, body)
        uri = f"{INTEGRATIONS}/arn:aws:lambda:us-east-1:000000000000:function:{name}/invocations"
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
        paths[f"/{name}"] = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": integration}}
    made["Api"] = {
        "Type": "AWS::Serverless::Api",
        "Properties": {
            "Name": "small",
            "StageName": "local",
            "MinimumCompressionSize": API["MinimumCompressionSize"],
            "GatewayResponses": plain(API["GatewayResponses"]),
            "DefinitionBody": {"openapi": "3.0.1", "info": {"title": "small", "version": "1"}, "paths": paths},
        },
    }
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Api": {"OpenApiVersion": "3.0.1"}},
        "Resources": made,
    }


@pytest.fixture(scope="module")
def get(bed):
    """Return a function that gets a path of the small API: status, headers by lower-case name, and bytes."""
    cloudformation = bed.client("cloudformation")
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    cloudformation.create_stack(StackName="small", TemplateBody=json.dumps(stack()), Capabilities=capabilities)
    quick = {"Delay": 0.2, "MaxAttempts": 100}
    cloudformation.get_waiter("stack_create_complete").wait(StackName="small", WaiterConfig=quick)

    bed.client("lambda").put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)

    def call(path, **headers):
        with closing(http.client.HTTPConnection(urlsplit(bed.endpoint).netloc, timeout=60)) as connection:
            connection.request("GET", f"/local/{path}", headers=headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()

    return call


@pytest.mark.parametrize("path", ["raises", "hangs", "says-nothing"])
def test_a_function_without_an_answer_gives_a_problem_document(get, path):
    status, headers, body = get(path)
    assert status == 502
    assert headers["content-type"] == "application/problem+json"
    document = json.loads(body)
    assert document["type"] == "urn:vigil:problem:internal-error"
    assert document["correlation_id"] == headers["x-correlation-id"] != ""
    assert headers["cache-control"] == "no-store"
    assert b"secret-value" not in body


def test_a_throttled_function_gives_a_problem_document(get):
    status, headers, body = get("throttled")
    assert (status, headers["content-type"]) == (502, "application/problem+json")
    document = json.loads(body)
    assert document["type"] == "urn:vigil:problem:unavailable"
    assert document["correlation_id"] == headers["x-correlation-id"] != ""
    assert b"secret-value" not in body


def test_an_unknown_path_gives_a_problem_document(get):
    status, headers, body = get("nowhere")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(body)["correlation_id"] == headers["x-correlation-id"]


def test_an_answer_of_the_app_is_not_replaced(get):
    status, headers, body = get("refuses")
    assert (status, headers["content-type"], body) == (502, "application/json", b"{}")


@pytest.mark.parametrize(("path", "compressed"), [("small", False), ("large", True)])
def test_answers_from_1_kb_on_are_compressed_when_asked_for(get, path, compressed):
    status, headers, plain_body = get(path)
    assert (status, "content-encoding" in headers) == (200, False)
    status, headers, body = get(path, **{"Accept-Encoding": "br, gzip"})
    assert (status, headers.get("content-encoding")) == (200, "gzip" if compressed else None)
    assert (gzip.decompress(body) if compressed else body) == plain_body
    assert int(headers["content-length"]) == len(body)
    assert headers["etag"] == "a"


def test_the_template_compresses_from_1_kb_on():
    assert API["MinimumCompressionSize"] == 1024
