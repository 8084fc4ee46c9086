"""Tokens through the public API: sign-in, refresh, key rotation under load, and revocation."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import jwt
import pytest

from cli.local import AUTHORIZER_CACHE_SECONDS
from models import recipe
from tests.e2e.clients import http


@pytest.fixture(scope="module")
def client(stack):
    with http(stack) as client:
        yield client


def request_token(client, **form):
    return client.post("/v1/oauth/token", data=form)


def sign_in(client, key):
    answer = request_token(client, grant_type="client_credentials", client_id=key.split("_")[2], client_secret=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refresh(client, granted):
    return request_token(client, grant_type="refresh_token", refresh_token=granted["refresh_token"])


def bearer(granted):
    return {"Authorization": f"Bearer {granted['access_token']}"}


@pytest.fixture(scope="module")
def key(stack, cli):
    """A separate key, so other tests do not use its rate limit."""
    return cli("tenants", "create-key", stack.tenants[0].tenant_id).strip()


def test_an_access_token_scores_like_its_key(client, key):
    sample = next(iter(recipe.load_recipe("wdbc").samples(seed=1, count=1)))
    body = {"model": "wdbc", **{name: value for name, value in sample.items() if not name.startswith("_")}}
    granted = sign_in(client, key)
    scored = client.post("/v1/scores", json=body, headers=bearer(granted))
    assert scored.status_code == 201, scored.text
    path = f"/v1/scores/{scored.json()['decision_id']}"
    assert client.get(path, headers={"Authorization": f"Bearer {key}"}).content == scored.content


def test_a_refreshed_token_works_and_a_reused_one_ends_the_session(client, key):
    first = sign_in(client, key)
    second = refresh(client, first).json()
    assert client.get("/v1/models", headers=bearer(second)).status_code == 200
    assert refresh(client, first).json()["error"] == "invalid_grant"
    assert refresh(client, second).json()["error"] == "invalid_grant"


def test_one_of_parallel_refreshes_succeeds_and_the_session_ends(client, key):
    for _ in range(5):
        granted = sign_in(client, key)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(refresh, [client] * 8, [granted] * 8))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
        (won,) = (answer.json() for answer in answers if answer.status_code == 200)
        assert refresh(client, won).status_code == 400


def test_a_forged_token_is_refused(client, key):
    granted = sign_in(client, key)
    header, payload, signature = granted["access_token"].split(".")
    unsigned = jwt.encode({"sub": "x"}, None, "none")
    for text in ("x", unsigned, f"{header}.{payload}.{signature[::-1]}", granted["refresh_token"]):
        assert client.get("/v1/models", headers={"Authorization": f"Bearer {text}"}).status_code == 401


def test_tokens_of_a_revoked_key_are_refused(client, cli, stack):
    key = cli("tenants", "create-key", stack.tenants[0].tenant_id).strip()
    granted = sign_in(client, key)
    assert client.get("/v1/models", headers=bearer(granted)).status_code == 200
    cli("tenants", "revoke-key", stack.tenants[0].tenant_id, key.split("_")[2])
    promised = time.monotonic() + 2 * AUTHORIZER_CACHE_SECONDS
    sent = time.monotonic()
    while client.get("/v1/models", headers=bearer(granted)).status_code != 401:
        assert sent < promised
        time.sleep(0.2)
        sent = time.monotonic()
    # By then the caches of all instances have expired.
    time.sleep(max(0, promised - time.monotonic()))
    assert refresh(client, granted).json()["error"] == "invalid_grant"
    again = request_token(client, grant_type="client_credentials", client_id=key.split("_")[2], client_secret=key)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


def test_a_rotation_under_load_fails_no_request(client, cli, key):
    """Sessions refresh and use their tokens during two rotations by the deployed function."""
    stop = Event()

    def use(_):
        granted, rounds = sign_in(client, key), 0
        while not stop.is_set():
            answer = refresh(client, granted)
            assert answer.status_code == 200, answer.text
            granted, rounds = answer.json(), rounds + 1
            # A rate-limited caller is authenticated, too.
            assert client.get("/v1/models", headers=bearer(granted)).status_code in {200, 429}
        return rounds

    with ThreadPoolExecutor(3) as pool:
        users = [pool.submit(use, number) for number in range(3)]
        try:
            for _ in range(2):
                cli("tokens", "rotate")
        finally:
            stop.set()
        assert all(user.result() > 0 for user in users)


def test_a_rotation_makes_its_key_current_and_publishes_it(aws, cli, stack):
    vault = aws("secretsmanager")

    def ring():
        answer = vault.get_secret_value(SecretId=stack.secrets["signing"], VersionStage="AWSCURRENT")
        return list(json.loads(answer["SecretString"]))

    def published():
        key = {"pk": {"S": "SIGNING_KEYS"}, "sk": {"S": "META"}}
        item = aws("dynamodb").get_item(TableName=stack.tables["access"], Key=key, ConsistentRead=True)["Item"]
        return {entry["kid"]: entry for entry in json.loads(item["keys"]["S"])}

    old = ring()
    cli("tokens", "rotate")
    *kept, new = ring()
    assert kept == old
    assert published()[new]["signs_from"] > time.time() + 800
    assert published()[new]["retires_at"] is None
    assert published()[old[-1]]["retires_at"] == published()[new]["signs_from"] + 1800


def test_the_command_line_signs_in_refreshes_and_signs_out(client, cli):
    for command in ("login", "refresh"):
        token = cli("tokens", command).strip()
        assert client.get("/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert "ended" in cli("tokens", "logout")
