"""Guarantees of the templates, read from SAM's transformed output."""

import inspect
import json
import re
import subprocess
import tomllib
from datetime import timedelta
from importlib import import_module

import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from cli.checkout import ROOT, tool_python
from functions.build import folder
from tests.support.templates import DISTRICTS, functions, resources, roles, routes, template
from vigil.bootstrap import routers
from vigil.operations.dead_letters.model import RetryRules
from vigil.web import problems
from vigil.web.middleware import SECURITY_HEADERS

TEMPLATES = (ROOT / "template.yaml", *sorted((ROOT / "infra").rglob("*.yaml")))
STAGES = ("local", "dev", "staging", "prod")
FUNCTIONS = functions()
ROLES = roles()
ROUTES = routes()
DATA = ROOT / "infra" / "data.yaml"
SHARED = [*resources(TEMPLATES[0], "AWS::Serverless::Application")["Decisions"]["Parameters"]]


def test_cfn_lint_has_nothing_to_say():
    command = ["cfn-lint", "--regions", "us-east-1", "eu-west-1", "--", *map(str, TEMPLATES)]
    done = subprocess.run([ROOT / ".venv/bin" / command[0], *command[1:]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_sam_accepts_the_template(tmp_path):
    command = [tool_python("sam"), "-m", "samcli", "validate", "--lint", "--config-env", "local"]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0", "AWS_ACCESS_KEY_ID": "none"}
    env |= {"AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1", "__SAM_CLI_APP_DIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_handler_and_a_sample_event(name):
    module = import_module(f"functions.{folder(name)}.handler")
    assert callable(module.lambda_handler)
    assert isinstance(json.loads((ROOT / "events" / f"{folder(name)}.json").read_text()), dict)


def test_every_folder_and_event_belongs_to_a_function():
    known = {folder(name) for name in FUNCTIONS}
    assert {path.parent.name for path in ROOT.glob("functions/*/handler.py")} == known
    assert {path.name.split(".")[0] for path in ROOT.glob("events/*.json")} == known


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_limits_and_those_with_callers_have_snapshots(name):
    function = FUNCTIONS[name]
    assert {"MemorySize", "Timeout", "Role", "LoggingConfig"} <= function.keys()
    waited_for = folder(name) in {route.function for route in ROUTES.values()}
    asked_first = name == "TokensAuthorizer"
    # Snapshots of Python are billed: nobody waits for workers and schedules.
    assert ("SnapStart" in function) is (waited_for or asked_first)
    assert function.get("SnapStart", {"ApplyOn": "PublishedVersions"}) == {"ApplyOn": "PublishedVersions"}
    assert (function["AutoPublishAlias"], function["Runtime"], function["Tracing"]) == ("live", "python3.13", "Active")
    assert template(TEMPLATES[0])["Parameters"]["Architecture"]["Default"] == "arm64"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_role_and_log_group_stand_beside_their_function(name):
    function = FUNCTIONS[name]
    kebab = folder(name).replace("_", "-")
    (district,) = [template(path)["Resources"] for path in DISTRICTS if name in template(path)["Resources"]]
    assert function["FunctionName"] == {"Sub": f"${{StackName}}-{kebab}"}
    assert function["Role"] == {"GetAtt": f"{name}Role.Arn"}
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
    logs = district[f"{name}Logs"]
    assert logs["Properties"]["LogGroupName"] == {"Sub": f"/aws/lambda/${{StackName}}-{kebab}"}
    assert logs["DeletionPolicy"] == "Delete"
    (policy,) = district[f"{name}Role"]["Properties"]["Policies"]
    (writing,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "WriteLogs"]
    assert writing["Resource"] == {"GetAtt": f"{name}Logs.Arn"}


@pytest.mark.parametrize("district", DISTRICTS, ids=lambda path: path.stem)
def test_districts_share_their_parameters_and_globals(district):
    first, own = template(DISTRICTS[0]), template(district)
    shared = [name for name in first["Parameters"] if name in SHARED][: SHARED.index("BatchAssembliesUrl") + 1]
    assert [*own["Parameters"]][: len(shared)] == shared
    assert {name: own["Parameters"][name] for name in shared} == {name: first["Parameters"][name] for name in shared}
    assert (own["Globals"], own["Conditions"]) == (first["Globals"], first["Conditions"])
    given = resources(TEMPLATES[0], "AWS::Serverless::Application")[district.stem.capitalize()]
    assert given["Location"] == f"infra/functions/{district.name}"
    assert given["Parameters"].keys() == own["Parameters"].keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_variables_of_a_function_fit_into_lambda(name):
    variables = FUNCTIONS[name]["Environment"]["Variables"]
    # A name of CloudFormation's or the URL of a queue is shorter than 90 characters.
    size = sum(len(key) + len(re.sub(r"\$\{\w+\}", "x" * 90, _text(value))) for key, value in variables.items())
    assert size < 4_096


def _text(value):
    """Return the value of a variable with its references as `${Name}`."""
    if not isinstance(value, dict):
        return str(value)
    ((function, argument),) = value.items()
    return argument if function == "Sub" else "${" + str(argument) + "}" if function == "Ref" else "false"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_small_enough_to_be_sent_inline(path):
    assert path.stat().st_size < 51_200
    assert len(template(path)["Resources"]) <= 500
    assert len(template(path).get("Parameters", {})) <= 200


def test_the_api_may_call_exactly_the_functions_of_its_routes():
    permissions = resources(ROOT / "infra" / "api.yaml", "AWS::Lambda::Permission").values()
    called = [permission["FunctionName"]["Sub"] for permission in permissions]
    wanted = {route.function.replace("_", "-") for route in ROUTES.values()}
    assert sorted(called) == sorted(f"${{Functions}}-{name}:live" for name in wanted)
    assert all(permission["SourceArn"]["Sub"].endswith(":${Api}/*") for permission in permissions)
    assert {route.function for route in ROUTES.values()} <= {folder(name) for name in FUNCTIONS}


def test_the_api_waits_for_every_district_that_it_calls():
    api = resources(TEMPLATES[0], "AWS::Serverless::Application")["Api"]["_"]
    called = {route.function for route in ROUTES.values()} | {"tokens_authorizer"}
    districts = {
        path.stem.capitalize() for path in DISTRICTS for name in template(path)["Resources"] if folder(name) in called
    }
    assert set(api["DependsOn"]) == districts


QUEUE = template(ROOT / "infra" / "queue.yaml")
QUEUES = {
    name: nested["Parameters"]
    for name, nested in resources(TEMPLATES[0], "AWS::Serverless::Application").items()
    if nested["Location"] == "infra/queue.yaml"
}
CONSUMERS = {
    event["Properties"]["Queue"]["Ref"].removesuffix("Arn"): (function, event["Properties"])
    for function in FUNCTIONS.values()
    for event in function.get("Events", {}).values()
    if event["Type"] == "SQS"
}


def test_no_queue_is_made_but_by_the_one_construction():
    made = {path.name: [*resources(path, "AWS::SQS::Queue")] for path in TEMPLATES}
    assert {name: queues for name, queues in made.items() if queues} == {
        "queue.yaml": ["Queue", "DeadLetters"],
        # What a stream gives up has no queue that it came from.
        "events.yaml": ["EventsPublisherDeadLetters", "UsageCountersDeadLetters"],
    }


def test_dead_letters_outlive_the_messages_of_every_queue():
    made = resources(ROOT / "infra" / "queue.yaml", "AWS::SQS::Queue")
    kept = made["DeadLetters"]["MessageRetentionPeriod"]
    assert (
        kept > QUEUE["Parameters"]["RetentionSeconds"]["MaxValue"] >= QUEUE["Parameters"]["RetentionSeconds"]["Default"]
    )
    assert made["Queue"]["RedrivePolicy"]["maxReceiveCount"] == {"Ref": "MaxReceiveCount"}
    for of_a_stream in resources(ROOT / "infra" / "events.yaml", "AWS::SQS::Queue").values():
        assert of_a_stream["MessageRetentionPeriod"] == kept


def test_a_retry_waits_longer_than_the_retention_of_any_queue():
    longest = max(
        QUEUE["Parameters"]["RetentionSeconds"]["Default"], *(q.get("RetentionSeconds", 0) for q in QUEUES.values())
    )
    assert RetryRules().confirmation_timeout > timedelta(seconds=longest)


def test_a_claim_on_a_job_outlives_the_redriver():
    assert RetryRules().lease > timedelta(seconds=FUNCTIONS["DeadLettersRedrive"]["Timeout"])


def test_every_queue_has_one_consumer():
    assert CONSUMERS.keys() == QUEUES.keys()


@pytest.mark.parametrize("queue", QUEUES)
def test_visibility_is_at_least_six_times_the_consumers_timeout(queue):
    consumer, _ = CONSUMERS[queue]
    assert QUEUES[queue]["VisibilitySeconds"] >= 6 * consumer["Timeout"]


@pytest.mark.parametrize("queue", QUEUES)
def test_a_consumer_is_bounded_and_says_which_messages_failed(queue):
    _, source = CONSUMERS[queue]
    assert source["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("stream", ["EventsPublisher", "UsageCounters"])
def test_the_dead_letters_of_every_consumer_of_the_stream_are_redriven(stream):
    known = json.loads(FUNCTIONS["DeadLettersRedrive"]["Environment"]["Variables"]["VIGIL_QUEUES"]["Sub"])
    assert {"dead": f"${{{stream}DeadLettersUrl}}"} in known.values()


@pytest.mark.parametrize("queue", QUEUES)
def test_the_dead_letters_of_every_queue_are_redriven(queue):
    known = json.loads(FUNCTIONS["DeadLettersRedrive"]["Environment"]["Variables"]["VIGIL_QUEUES"]["Sub"])
    assert {"url": f"${{{queue}Url}}", "dead": f"${{{queue}DeadLettersUrl}}"} in known.values()


def test_every_function_has_a_role_of_its_own():
    assert ROLES.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_grants_named_actions_on_named_resources(role):
    properties = ROLES[role]
    assert "ManagedPolicyArns" not in properties
    for statement in properties["Policies"][0]["PolicyDocument"]["Statement"]:
        assert not [action for action in statement["Action"] if "*" in action]
        nowhere_in_particular = statement["Resource"] == "*"
        assert not nowhere_in_particular or all(action.startswith("xray:Put") for action in statement["Action"])


@pytest.mark.parametrize("bucket", resources(DATA, "AWS::S3::Bucket"))
def test_a_bucket_is_private_encrypted_and_versioned(bucket):
    properties = resources(DATA, "AWS::S3::Bucket")[bucket]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


@pytest.mark.parametrize("bucket", resources(DATA, "AWS::S3::Bucket"))
def test_a_bucket_refuses_plain_http(bucket):
    policies = resources(DATA, "AWS::S3::BucketPolicy").values()
    (policy,) = (policy for policy in policies if policy["Bucket"] == {"Ref": bucket})
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("table", resources(DATA, "AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_recoverable_and_kept(table):
    properties = resources(DATA, "AWS::DynamoDB::Table")[table]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["KMSMasterKeyId"] == {"GetAtt": "DataKey.Arn"}
    recoverable = table != "TenantKeys"  # a backup would keep the key of a tenant that has left
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": recoverable}
    assert recoverable or "StreamSpecification" not in properties
    assert properties["DeletionProtectionEnabled"] == {"If": ["Protected", True, False]}
    assert properties["_"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_signing_keys_rotate_on_their_own_and_the_first_one_at_once():
    access = ROOT / "infra" / "functions" / "access.yaml"
    (schedule,) = resources(access, "AWS::SecretsManager::RotationSchedule").values()
    assert schedule["_"]["Condition"] == "OnAws"
    assert schedule["RotateImmediatelyOnUpdate"] is True
    assert schedule["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}
    (permission,) = resources(access, "AWS::Lambda::Permission").values()
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["FunctionName"] == schedule["RotationLambdaARN"] == {"Ref": "TokensRotation.Alias"}
    assert permission["SourceArn"] == schedule["SecretId"] == {"Ref": "SigningSecretArn"}


def test_idempotency_records_end_by_themselves():
    record = inspect.signature(DynamoDBPersistenceLayer).parameters["expiry_attr"].default
    table = resources(DATA, "AWS::DynamoDB::Table")["Idempotency"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": record, "Enabled": True}


API = resources(ROOT / "infra" / "api.yaml", "AWS::Serverless::Api")["Api"]


def test_the_gateway_records_no_url():
    """X-Ray would record path and query, and any caller can append a query."""
    assert API["TracingEnabled"] is False


def test_no_url_of_the_api_takes_a_subject_id():
    parameters = {
        (path, parameter["name"])
        for path, methods in routers.document()["paths"].items()
        for method in methods.values()
        for parameter in method.get("parameters", ())
    }
    assert {path for path, name in parameters if name == "subject"} >= {"/v1/scores", "/v1/subjects/{subject}/export"}
    assert not [path for path, name in parameters if name == "subject_id"]


def test_the_event_bus_is_encrypted_with_the_customer_key():
    (bus,) = resources(ROOT / "infra" / "events.yaml", "AWS::Events::EventBus").values()
    assert bus["KmsKeyIdentifier"] == {"Ref": "DataKeyArn"}


@pytest.mark.parametrize("kind", API["GatewayResponses"])
def test_the_gateway_answers_like_the_app(kind):
    response = API["GatewayResponses"][kind]
    headers = {name.lower(): value for name, value in response["ResponseParameters"]["Headers"].items()}
    assert headers["content-type"] == f"'{problems.MEDIA_TYPE}'"
    assert {name: headers[name] for name in SECURITY_HEADERS} == {k: f"'{v}'" for k, v in SECURITY_HEADERS.items()}
    assert headers["x-correlation-id"] == "context.requestId"
    document = json.loads(response["ResponseTemplates"]["application/json"])
    assert document["correlation_id"] == "$context.requestId"
    assert document.get("status") == response.get("StatusCode")
    catalogue = {problem.code: problem for problem in (*problems.CATALOGUE.values(), problems.INTERNAL)}
    if known := catalogue.get(document["type"].removeprefix("urn:vigil:problem:")):
        assert document["title"] == known.title


def test_only_health_docs_and_token_routes_need_no_credential():
    open_paths = {path for path, route in ROUTES.items() if not route.guarded}
    documented = {"/health/{probe}", "/docs", "/docs/{asset}", "/openapi.json"}
    assert open_paths == documented | {"/v1/oauth/token", "/v1/oauth/revoke", "/.well-known/jwks.json"}
    assert API["Auth"]["DefaultAuthorizer"] in API["Auth"]["Authorizers"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_its_deployment_settings(stage):
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    deploy = config[stage]["deploy"]["parameters"]
    assert config[stage]["validate"]["parameters"]["lint"] is True
    assert deploy["capabilities"] == "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
    if stage != "local":
        assert f"Stage={stage} Architecture=arm64" in deploy["parameter_overrides"]
        assert f"stage={stage}" in deploy["tags"]
    if stage == "prod":
        assert deploy["confirm_changeset"] is True


def test_a_changed_layer_changes_every_function(monkeypatch, tmp_path):
    build = import_module("functions.build")
    (tmp_path / "layers").mkdir()
    (tmp_path / "uv.lock").write_text("")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    source = tmp_path / "layers" / "a.py"
    source.write_text("1")
    before = build.fingerprint()
    assert build.fingerprint() == before
    source.write_text("2")
    assert build.fingerprint() != before
