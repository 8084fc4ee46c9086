"""An address or a token that Vigil hands out ends with the right that made it."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.api_document import api_document
from tests.support.batch_workers import arrival, run
from tests.support.gateway import Context
from tests.support.isolation.door import FrontDoor, Request
from tests.support.isolation.world import begin_signing, client, signed, tokens_of
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, process

STATES = ("viewer", "revoked", "suspended", "offboarding", "closed")
"""A key that may only read, a revoked key, and the other statuses of a tenant."""
READ_AT_MOST = "reads for 900 s"
TABLE = {
    # The tenant cancels a batch to end its address before its expiry.
    "upload address": ("is not shown", "scored", "deleted", "deleted", "deleted"),
    # A download address needs no credential. It ends by its expiry, or with the file.
    "results address": (READ_AT_MOST, READ_AT_MOST, READ_AT_MOST, READ_AT_MOST, "gone"),
    "errors address": (READ_AT_MOST, READ_AT_MOST, READ_AT_MOST, READ_AT_MOST, "gone"),
    # Status of a read, and of a write.
    "API key": ((200, 403), (401, 401), (403, 403), (401, 401), (401, 401)),
    "access token": ((200, 403), (401, 401), (403, 403), (401, 401), (401, 401)),
    "refresh token": (200, 400, 400, 400, 400),
    "cursor": (200, 401, 403, 401, 401),
    "stored answer": (403, 401, 403, 401, 401),
}
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80, "visits": 3}}
SHOWN = re.compile(r"url|cursor|token(?!s)|key$|secret|address|credential")
"""Names of members that can be a capability."""


@dataclass
class Scene:
    """A tenant with one capability of each kind, and the key that received them."""

    door: FrontDoor
    key: str
    batch_id: str
    addresses: dict[str, str]
    tokens: dict[str, str]
    cursor: str

    def send(self, method, path, token=None, query=None, body=None, **headers):
        request = Request(method, path, query or {}, tuple(headers.items()), body)
        return self.door.send(signed(token or self.key, request))

    def use(self, capability):
        """Use a capability and return its effect."""
        return {
            "upload address": self._upload,
            "results address": lambda: self._download("results"),
            "errors address": lambda: self._download("errors"),
            "API key": lambda: self._call(self.key),
            "access token": lambda: self._call(self.tokens["access_token"]),
            "refresh token": self._refresh,
            "cursor": lambda: self.send("GET", "/v1/scores", query={"limit": "1", "cursor": self.cursor}).status,
            "stored answer": lambda: self.send("POST", "/v1/scores", body=BODY, **{"Idempotency-Key": "k"}).status,
        }[capability]()

    def _upload(self):
        from functions.batches_split.handler import lambda_handler

        shown = self.send("GET", f"/v1/batches/{self.batch_id}")
        if shown.status == 200 and shown.document()["upload"] is None:
            return "is not shown"
        content, key = json.dumps(BODY | {"model": None}).encode(), f"uploads/acme/{self.batch_id}/input"
        version = boto3.client("s3").put_object(Bucket="files", Key=key, Body=content)["VersionId"]
        used = use_of("acme")
        assert lambda_handler(arrival(key, len(content), version), Context()) == {"batchItemFailures": []}
        item = {"pk": {"S": f"acme#{self.batch_id}"}, "sk": {"S": "BATCH"}}
        batch = boto3.client("dynamodb").get_item(TableName="batches", Key=item).get("Item")
        state = batch["state"]["S"] if batch else "cancelled"
        if boto3.client("s3").list_object_versions(Bucket="files", Prefix=key).get("Versions"):
            return "scored" if state == "running" else state
        assert (state, use_of("acme")) == ("cancelled", used)
        return "deleted"

    def _download(self, output):
        address = urlsplit(self.addresses[output])
        key = unquote(address.path).removeprefix("/").removeprefix("files/")
        try:
            boto3.client("s3").get_object(Bucket="files", Key=key)
        except ClientError:
            return "gone"
        return f"reads for {parse_qs(address.query)['X-Amz-Expires'][0]} s"

    def _call(self, token):
        read = self.send("GET", "/v1/scores", token)
        return read.status, self.send("POST", "/v1/scores", token, body=BODY).status

    def _refresh(self):
        form = {"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"]}
        return self.door.send(Request("POST", "/v1/oauth/token", body=form)).status


def use_of(tenant):
    """Return all usage and quota of a tenant."""
    items = boto3.client("dynamodb").scan(TableName="usage")["Items"]
    return [item for item in items if item["pk"]["S"].startswith(tenant)]


@pytest.fixture
def scene(deployed, monkeypatch):
    """A tenant with capabilities of its member's key, or of its viewer's key."""
    begin_signing()
    door = FrontDoor(monkeypatch)
    keys = tokens_of("acme", ("viewer", "member"))

    def build(role):
        member = Scene(door, keys["member"], "", {}, {}, "")
        for number in range(2):
            made = member.send("POST", "/v1/scores", body=BODY | {"subject_id": f"p-{number}"})
            assert made.status == 201
        assert member.send("POST", "/v1/scores", body=BODY, **{"Idempotency-Key": "k"}).status == 201
        rows = member.send("POST", "/v1/batches", body={"model": "toy", "rows": [BODY | {"model": 1}]})
        assert rows.status == 202
        run(deployed, rows.document()["batch_id"])
        member.batch_id = member.send("POST", "/v1/batches", body={"model": "toy", "format": "ndjson"}).document()[
            "batch_id"
        ]
        found = Scene(door, keys[role], member.batch_id, {}, {}, "")
        for output in ("results", "errors"):
            answer = found.send("GET", f"/v1/batches/{rows.document()['batch_id']}/{output}")
            found.addresses[output] = answer.document()["url"]
        grant = {"grant_type": "client_credentials", **client(found.key)}
        found.tokens = door.send(Request("POST", "/v1/oauth/token", body=grant)).document()
        found.cursor = found.send("GET", "/v1/scores", query={"limit": "1"}).document()["next_cursor"]
        return found

    return build


def reach(state, key):
    """Bring the tenant of a key, or the key, into a state."""
    from functions.tenants_offboarding.handler import lambda_handler as erase

    if state == "revoked":
        access.keys().revoke("acme", key.split("_")[2], by="operator")
    elif state in ("suspended", "offboarding", "closed"):
        access.tenants().change("acme", TenantChange(status="offboarding" if state == "closed" else state))
    if state == "closed":
        assert erase({"id": "run"}, Context(300_000)) == {"closed": ["acme"]}
    process.forget()


@pytest.mark.parametrize("state", STATES)
def test_a_capability_ends_with_the_right_that_made_it(scene, state):
    found = scene("viewer" if state == "viewer" else "member")
    reach(state, found.key)
    effects = {capability: found.use(capability) for capability in TABLE}
    assert effects == {capability: row[STATES.index(state)] for capability, row in TABLE.items()}


OF_ALERTING = {"address", "secret", "secrets"}


def test_the_table_names_every_capability_in_an_answer():
    # `row_key` keys digests, and opens nothing. `secret` signs what Vigil sends, `secrets` are never shown, and
    # `address` receives mails.
    schemas = api_document()["components"]["schemas"]
    names = {name for schema in schemas.values() for name in schema.get("properties", {}) if SHOWN.search(name)}
    assert names == {
        "url",
        "api_key",
        "access_token",
        "refresh_token",
        "token_type",
        "next_cursor",
        "row_key",
        *OF_ALERTING,
    }
