"""One person cannot confirm the own dry run of a breach: neither with a second key nor with a token."""

import pytest

from tests.support.incident_functions import INCIDENTS, IncidentFunctions
from tests.support.isolation.door import FrontDoor, Request
from tests.support.isolation.world import begin_signing, client, signed
from vigil.bootstrap import access

KEYS = "/v1/tenants/ops-team/keys"
JSON = (("Content-Type", "application/json"),)


def command_line_key():
    """Return a new key of an operator, made by the command line."""
    return str(access.keys().create("ops-team", "operator", by="operator").token)


class Breach:
    """An incident of a breach through the front door, with the real authorizer. The first key opens it."""

    def __init__(self, functions, door, clock):
        self._functions = functions
        self._door = door
        self.first = command_line_key()
        self.other = command_line_key()
        self._clock = clock
        self._place = ""

    def send(self, token, method, path, body=None):
        return self._door.send(signed(token, Request(method, path, headers=JSON, body=body)))

    def open(self):
        """Open an incident and end the dry run of its step 2 with the first key."""
        self._clock.advance(seconds=1)
        body = {"type": "security_breach", "scope": {"tenant_id": "acme"}}
        opened = self.send(self.first, "POST", INCIDENTS, body).document()
        self._place = f"{INCIDENTS}/{opened['id']}/steps"
        for number in (1, 2):
            assert self.send(self.first, "POST", f"{self._place}/{number}/run", {}).status == 202
            self._functions.drain()

    def confirm(self, token):
        """Return the status and the problem of a confirmation."""
        answer = self.send(token, "POST", f"{self._place}/2/confirm")
        return answer.status, answer.document().get("detail", "")

    def create(self, token):
        """Return a new operator's key that a key creates through the API."""
        return self.send(token, "POST", KEYS, {"role": "operator"}).document()["api_key"]

    def rotate(self, token, key):
        """Return the successor of a key that another key rotates through the API."""
        path = f"{KEYS}/{key.split('_')[2]}/rotate"
        return self.send(token, "POST", path, {"overlap_hours": 1}).document()["api_key"]

    def token_of(self, key):
        """Return an access token of a key."""
        body = {"grant_type": "client_credentials", **client(key)}
        answer = self._door.send(Request("POST", "/v1/oauth/token", headers=JSON, body=body))
        return answer.document()["access_token"]


@pytest.fixture
def breach(published, clock, monkeypatch):
    access.tenants().create("ops-team", "ENTERPRISE")
    begin_signing()
    functions = IncidentFunctions(monkeypatch)
    return Breach(functions, FrontDoor(monkeypatch), clock)


def test_a_key_or_token_of_one_person_confirms_nothing(breach):
    created = breach.create(breach.first)
    own = {
        "same key": breach.first,
        "token of the key": breach.token_of(breach.first),
        "created key": created,
        "token of the created key": breach.token_of(created),
        "key created by a created key": breach.create(created),
        "own rotated key": breach.rotate(breach.first, created),
        "rotated key of another person": breach.rotate(breach.first, breach.other),
    }
    breach.open()
    refused = {name: breach.confirm(key) for name, key in own.items()}
    assert {name: status for name, (status, _) in refused.items()} == dict.fromkeys(own, 403)
    assert all("one person may have both" in detail for _, detail in refused.values())
    assert breach.confirm(breach.other)[0] == 202


def test_a_token_of_another_person_confirms_the_dry_run(breach):
    other = breach.token_of(breach.other)
    breach.open()
    assert breach.confirm(other)[0] == 202


def test_a_key_from_after_the_opening_confirms_nothing(breach):
    breach.open()
    status, detail = breach.confirm(command_line_key())
    assert (status, "younger than the incident" in detail) == (403, True)
    assert breach.confirm(breach.other)[0] == 202
