"""The functions of tokens and of their signing keys, wired as deployed."""

import json
import uuid
from base64 import b64encode
from collections import Counter
from urllib.parse import urlencode

import boto3
import jwt
import pytest

from tests.support.forgeries import FORGERY_KINDS, TokenForger
from tests.support.gateway import Context, event
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, process
from vigil.errors import VigilError

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/POST/v1/scores"


def take(step, version, secret=None):
    from functions.tokens_rotation.handler import lambda_handler

    arn = secret or process.settings().signing_secret_arn
    lambda_handler({"Step": step, "SecretId": arn, "ClientRequestToken": version}, Context())


def post(path, headers=None, body=None, **fields):
    from functions.tokens_api.handler import lambda_handler

    sent = urlencode(fields) if body is None else body
    answer = lambda_handler(
        event("POST", f"/v1/oauth/{path}", tenant=None, body=sent, headers=FORM | (headers or {})), Context()
    )
    return answer["statusCode"], json.loads(answer["body"] or "{}"), answer["headers"]


def authorize(token):
    from functions.tokens_authorizer.handler import lambda_handler

    return lambda_handler({"methodArn": ARN, "headers": {"Authorization": f"Bearer {token}"}}, Context())


def refused(token):
    try:
        authorize(token)
    except Exception as error:
        return str(error) == "Unauthorized"
    return False


@pytest.fixture
def key(published):
    version = str(uuid.uuid4())
    for step in STEPS:
        take(step, version)
    for tenant in ("acme", "globex"):
        access.tenants().create(tenant, "FREE")
    return new_key("acme")


def new_key(tenant):
    return access.keys().create(tenant, by="operator").token


def credentials(key):
    return {"client_id": key.key_id, "client_secret": str(key)}


def sign_in(key):
    status, granted, _ = post("token", grant_type="client_credentials", **credentials(key))
    assert status == 200
    return granted


def test_sign_ins_count_against_the_rate_limits(key):
    access.tenants().change("acme", TenantChange(limits={"per_minute": 2, "per_hour": 3}))
    access.authenticator().clear_cache()
    answers = [post("token", grant_type="client_credentials", **credentials(key)) for _ in range(9)]
    statuses = Counter(status for status, _, _ in answers)
    # A minute may have ended between two requests.
    assert (2 <= statuses[200] <= 3, statuses[200] + statuses[429]) == (True, 9)
    _, problem, headers = answers[-1]
    assert problem["violated-policies"] in (["minute"], ["hour"])
    assert int(headers["retry-after"]) > 0


def test_an_access_token_has_the_same_policy_as_its_key(key):
    granted = sign_in(key)
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 900)
    assert authorize(granted["access_token"]) == authorize(str(key))


def test_a_jwt_library_verifies_a_token_with_the_jwks(key):
    from functions.tokens_api.handler import lambda_handler

    token = sign_in(key)["access_token"]
    answer = lambda_handler(event("GET", "/.well-known/jwks.json", tenant=None), Context())
    assert answer["headers"]["cache-control"] == "public, max-age=300"
    assert "d" not in json.loads(answer["body"])["keys"][0]
    keys = jwt.PyJWKSet.from_dict(json.loads(answer["body"]))
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": header["kid"]}
    claims = jwt.decode(token, keys[header["kid"]], audience="urn:vigil:local:api", issuer="urn:vigil:local")
    assert (claims["sub"], claims["tenant_id"], claims["role"]) == (key.key_id, "acme", "member")
    assert claims["exp"] - claims["iat"] == 900
    assert claims["jti"]


def test_thousands_of_forged_tokens_are_rejected(key, caplog):
    good = sign_in(key)["access_token"]
    secret = process.settings().signing_secret_arn
    ring = json.loads(
        boto3.client("secretsmanager").get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"]
    )
    counted, accepted = Counter(), []
    for kind, token in TokenForger(good, *ring.values()).all():
        counted[kind] += 1
        if not refused(token):
            accepted.append((kind, token))
    assert accepted == []
    assert set(counted) == set(FORGERY_KINDS)
    assert counted.total() > 3000
    assert {record.levelname for record in caplog.records} == {"INFO"}
    assert [refused(sign_in(key)["access_token"]) for _ in range(20)] == [False] * 20
    assert not refused(good)


def test_a_token_is_rejected_after_its_key_is_revoked(key):
    granted = sign_in(key)
    access.keys().revoke("acme", key.key_id, by="operator")
    access.authenticator().clear_cache()
    assert refused(granted["access_token"])
    status, answer, _ = post("token", grant_type="refresh_token", refresh_token=granted["refresh_token"])
    assert (status, answer["error"]) == (400, "invalid_grant")
    status, answer, headers = post("token", grant_type="client_credentials", **credentials(key))
    assert (status, answer["error"]) == (401, "invalid_client")
    assert headers["www-authenticate"] == 'Basic realm="vigil"'


def test_a_session_continues_after_a_suspension(key):
    granted = sign_in(key)
    for status, expected in (("suspended", (400, "unauthorized_client")), ("active", (200, None))):
        access.tenants().change("acme", TenantChange(status=status))
        access.authenticator().clear_cache()
        effect = authorize(granted["access_token"])["policyDocument"]["Statement"][0]["Effect"]
        assert effect == ("Allow" if status == "active" else "Deny")
        refresh = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
        for form in ({"grant_type": "client_credentials", **credentials(key)}, refresh):
            answered, body, _ = post("token", **form)
            assert (answered, body.get("error")) == expected


def test_a_reused_refresh_token_ends_the_session(key, caplog):
    first = sign_in(key)["refresh_token"]
    status, second, headers = post("token", grant_type="refresh_token", refresh_token=first)
    assert (status, headers["cache-control"], headers["pragma"]) == (200, "no-store", "no-cache")
    assert not refused(second["access_token"])
    for spent in (first, second["refresh_token"]):
        status, answer, _ = post("token", grant_type="refresh_token", refresh_token=spent)
        assert (status, answer["error"]) == (400, "invalid_grant")
    problems = [record.problem for record in caplog.records if hasattr(record, "problem")]
    assert problems == ["reused_refresh_token", "invalid_grant"]


def test_revoke_ends_the_session(key):
    granted = sign_in(key)
    assert post("revoke", token=granted["refresh_token"])[:2] == (200, {})
    assert post("token", grant_type="refresh_token", refresh_token=granted["refresh_token"])[0] == 400
    assert post("revoke", token="anything")[:2] == (200, {})
    assert not refused(granted["access_token"])


def test_offboarding_erases_only_the_sessions_of_the_tenant(key):
    from functions.tenants_offboarding.handler import lambda_handler

    sign_in(key)
    other = sign_in(new_key("globex"))
    access.tenants().change("acme", TenantChange(status="offboarding"))
    assert lambda_handler({}, Context()) == {"closed": ["acme"]}
    sessions = [row["pk"]["S"] for row in boto3.client("dynamodb").scan(TableName="access")["Items"] if "digest" in row]
    assert [pk for pk in sessions if pk.startswith("SESSIONS#")] == ["SESSIONS#globex"]
    assert post("token", grant_type="refresh_token", refresh_token=other["refresh_token"])[0] == 200


def test_no_secret_is_stored_or_logged(key, caplog):
    granted = sign_in(key)
    rows = boto3.client("dynamodb").scan(TableName="access")["Items"]
    authorize(granted["access_token"])
    stored = json.dumps(rows) + str([vars(record) for record in caplog.records])
    for secret in (granted["refresh_token"].split("_", 4)[-1], granted["access_token"], key.secret):
        assert secret not in stored


@pytest.mark.parametrize("form", ["form", "json", "basic"])
def test_client_credentials_are_accepted_in_three_formats(key, form):
    basic = b64encode(f"{key.key_id}:{key}".encode()).decode()
    arguments = {
        "form": {"grant_type": "client_credentials", **credentials(key)},
        "json": {
            "body": json.dumps({"grant_type": "client_credentials", **credentials(key)}),
            "headers": {"Content-Type": "application/json; charset=utf-8"},
        },
        "basic": {"grant_type": "client_credentials", "headers": {"Authorization": f"Basic {basic}"}},
    }
    assert post("token", **arguments[form])[0] == 200


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({}, 400, "invalid_request"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "scope": "scores:read"}, 400, "invalid_scope"),
        ({"body": "grant_type=a&grant_type=b"}, 400, "invalid_request"),
        (
            {"body": '{"grant_type":"a","grant_type":"b"}', "headers": {"Content-Type": "application/json"}},
            400,
            "invalid_request",
        ),
        ({"body": "[1]", "headers": {"Content-Type": "application/json"}}, 400, "invalid_request"),
        ({"body": "[" * 9999, "headers": {"Content-Type": "application/json"}}, 400, "invalid_request"),
        ({"body": "a=%ff&grant_type=x"}, 400, "invalid_request"),
        ({"body": "&".join(f"a{i}=1" for i in range(99))}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "headers": {"Authorization": "Basic ?"}}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "headers": {"Authorization": "Bearer x"}}, 401, "invalid_client"),
        ({"grant_type": "x", "client_id": "a", "headers": {"Authorization": "Basic YTpi"}}, 400, "invalid_request"),
    ],
)
def test_an_invalid_request_returns_an_oauth_error(key, arguments, status, error):
    answered, body, headers = post("token", **arguments)
    assert (answered, body["error"]) == (status, error)
    assert headers["content-type"] == "application/json"
    assert set(body) == {"error", "error_description"}


@pytest.mark.parametrize("path", ["token", "revoke"])
def test_an_empty_request_returns_invalid_request(key, path):
    from functions.tokens_api.handler import lambda_handler

    nothing = event("POST", f"/v1/oauth/{path}", tenant=None) | {"headers": {}, "multiValueHeaders": {}}
    answer = lambda_handler(nothing, Context())
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (400, "invalid_request")


def test_a_client_id_of_another_key_is_rejected(key):
    other = new_key("acme")
    named = {"client_id": other.key_id, "client_secret": str(key)}
    assert post("token", grant_type="client_credentials", **named)[1]["error"] == "invalid_client"


def test_a_refresh_token_of_another_client_is_rejected(key):
    refresh = {"grant_type": "refresh_token", "refresh_token": sign_in(key)["refresh_token"]}
    other = new_key("globex")
    assert post("token", **refresh, **credentials(other))[1]["error"] == "invalid_grant"
    assert post("revoke", token=refresh["refresh_token"], **credentials(other))[0] == 200
    assert post("token", **refresh, **credentials(key))[0] == 200


@pytest.mark.parametrize(
    ("content_type", "size", "status"), [("text/plain", 1, 415), (FORM["Content-Type"], 20_000, 413)]
)
def test_a_wrong_media_type_or_size_returns_a_problem_document(key, content_type, size, status):
    answered, body, headers = post("token", body="a" * size, headers={"Content-Type": content_type})
    assert (answered, body["status"], headers["content-type"]) == (status, status, "application/problem+json")


def test_without_a_signing_key_token_and_jwks_return_503(published):
    from functions.tokens_api.handler import lambda_handler

    access.tenants().create("acme", "FREE")
    assert post("token", grant_type="client_credentials", **credentials(new_key("acme")))[0] == 503
    answer = lambda_handler(event("GET", "/.well-known/jwks.json", tenant=None), Context())
    assert (answer["statusCode"], answer["headers"]["cache-control"]) == (503, "no-store")


def test_tokens_and_sessions_stay_valid_during_a_rotation(key):
    granted = sign_in(key)
    version = str(uuid.uuid4())
    for step in STEPS:
        take(step, version)
        process.forget()
        assert not refused(granted["access_token"])
        status, granted, _ = post("token", grant_type="refresh_token", refresh_token=granted["refresh_token"])
        assert status == 200


def test_the_rotation_rejects_other_secrets_and_unknown_steps(key):
    with pytest.raises(VigilError):
        take("createSecret", str(uuid.uuid4()), "arn:aws:secretsmanager:eu-west-1:123456789012:secret:other")
    with pytest.raises(VigilError):
        take("deleteSecret", str(uuid.uuid4()))
