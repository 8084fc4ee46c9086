"""The warning before the expiry of a key, in views and in a header of every answer."""

from datetime import timedelta

import pytest

from tests.support.isolation.door import FrontDoor, Request
from tests.support.isolation.world import begin_signing, client, signed
from tests.support.whole_api import DOCUMENT, OPERATIONS
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access

HEADER = "vigil-key-expires-at"
JSON = (("Content-Type", "application/json"),)
NEAR, FAR = timedelta(days=30), timedelta(days=31)
KEYS = "/v1/tenants/acme/keys"


@pytest.fixture
def door(clock, published, monkeypatch):
    access.tenants().create("acme", "FREE")
    begin_signing()
    return FrontDoor(monkeypatch)


def key(clock, left, role="admin"):
    return access.keys().create("acme", role, ends=clock.now + left, by="operator")


CALLS = [
    ("GET", "/v1/models", None, 200),
    ("GET", "/v1/scores/dec-1", None, 404),
    ("GET", "/v1/prices", None, 200),
    ("POST", "/v1/prices", {}, 403),
    ("POST", "/v1/scores", {}, 422),
    ("POST", KEYS, {"role": "viewer"}, 201),
    ("DELETE", "/v1/models", None, 405),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), CALLS)
def test_every_answer_to_an_expiring_key_has_the_header(door, clock, method, path, body, status):
    for left in (NEAR, FAR):
        made = key(clock, left)
        answer = door.send(signed(str(made.token), Request(method, path, headers=JSON, body=body)))
        assert (answer.status, answer.headers.get(HEADER)) == (status, made.key.expires_at if left == NEAR else None)


def test_every_answer_to_a_key_documents_the_header():
    shared = DOCUMENT["components"]["responses"]
    undocumented = [
        (name, status)
        for name, operation in OPERATIONS.items()
        for status, answer in operation["responses"].items()
        if operation["security"] == [{"key": []}] and status != "401"
        if "Vigil-Key-Expires-At" not in shared.get(answer.get("$ref", "").rpartition("/")[2], answer)["headers"]
    ]
    assert undocumented == []


def test_a_429_to_an_expiring_key_has_the_header(door, clock):
    access.tenants().change("acme", TenantChange(limits={"per_minute": 1}))
    made = key(clock, NEAR)
    answers = [door.send(signed(str(made.token), Request("GET", "/v1/models"))) for _ in range(2)]
    assert [(answer.status, answer.headers[HEADER]) for answer in answers] == [
        (200, made.key.expires_at),
        (429, made.key.expires_at),
    ]


def test_a_token_of_an_expiring_key_warns_at_each_step(door, clock):
    made = key(clock, NEAR)
    body = {"grant_type": "client_credentials", **client(str(made.token))}
    granted = door.send(Request("POST", "/v1/oauth/token", headers=JSON, body=body))
    body = {"grant_type": "refresh_token", "refresh_token": granted.document()["refresh_token"]}
    refreshed = door.send(Request("POST", "/v1/oauth/token", headers=JSON, body=body))
    used = door.send(signed(refreshed.document()["access_token"], Request("GET", "/v1/models")))
    assert [answer.headers.get(HEADER) for answer in (granted, refreshed, used)] == [made.key.expires_at] * 3


def test_a_token_of_a_key_with_much_time_has_no_header(door, clock):
    body = {"grant_type": "client_credentials", **client(str(key(clock, FAR).token))}
    assert HEADER not in door.send(Request("POST", "/v1/oauth/token", headers=JSON, body=body)).headers


def test_views_of_keys_have_the_warning_and_the_last_use(door, clock):
    admin = key(clock, FAR)
    old = key(clock, NEAR, "viewer")
    for token in (admin.token, old.token):
        assert door.send(signed(str(token), Request("GET", "/v1/models"))).status == 200
    listed = door.send(signed(str(admin.token), Request("GET", KEYS))).document()["items"]
    shown = {each["key_id"]: each for each in listed}
    text = "The key expires on 2026-03-31 (UTC). Rotate it and use the new key before that day."
    assert {name: each["warning"] for name, each in shown.items()} == {admin.key.key_id: None, old.key.key_id: text}
    assert {each["last_used_at"] for each in listed} == {"2026-03-01T12:00:00.000000Z"}
    one = door.send(signed(str(admin.token), Request("GET", f"{KEYS}/{old.key.key_id}"))).document()
    assert one == shown[old.key.key_id]


def test_a_new_key_expires_after_a_year(door, clock):
    made = door.send(signed(str(key(clock, FAR).token), Request("POST", KEYS, headers=JSON, body={}))).document()
    assert (made["expires_at"], made["warning"]) == ("2027-03-01T12:00:00.000000Z", None)
