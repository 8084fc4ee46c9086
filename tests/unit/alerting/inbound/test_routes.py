"""Reports and links over HTTP: no key, one answer for everything that is not signed, and pages without scripts."""

import io
import json
import re
import uuid
from base64 import b64encode
from hashlib import sha256

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.inbound import (
    ALERT_ID,
    ENDPOINT,
    SECRETS,
    FakeAlerts,
    FakeAppliedReports,
    FakeSigningSecrets,
    pagerduty_body,
    pagerduty_headers,
    slack_body,
    slack_headers,
)
from tests.support.gateway import Context, event
from vigil.alerting.inbound import routes
from vigil.alerting.inbound.links_model import LIFE, AlertLink, sign_link
from vigil.alerting.inbound.links_service import PATH, AlertLinks
from vigil.alerting.inbound.model import MAX_BODY_BYTES
from vigil.alerting.inbound.service import InboundReports
from vigil.errors import Conflict, Unavailable
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler

SECRET = b"canaryLinkSecret"
FORM = "application/x-www-form-urlencoded"
DUTY, SLACK = "/v1/alerting/inbound/pagerduty/", "/v1/alerting/inbound/slack/"


class Api:
    """The routers with fakes. Calling it sends one request without a key and returns the answer."""

    def __init__(self):
        self.clock, self.alerts, self.log = Clock(), FakeAlerts(), io.StringIO()
        telemetry = Telemetry(uuid.uuid4().hex, self.log)  # a separate logger
        reports = InboundReports(FakeSigningSecrets(), FakeAppliedReports(), self.alerts, self.clock)
        app = create_app(
            title="Vigil",
            routers=[routes.router, routes.links_router],
            telemetry=telemetry,
            max_body_bytes=MAX_BODY_BYTES,
            media_types=("application/json", FORM),
            state={
                "inbound_reports": reports,
                "alert_links": AlertLinks(lambda: [SECRET], self.alerts, self.clock),
            },
        )
        self._handler = lambda_handler(app, telemetry)

    def __call__(self, method, path, body=None, headers=None):
        text = body.decode() if body is not None else None
        answer = self._handler(event(method, path, tenant=None, body=text, headers=headers), Context())
        return answer["statusCode"], answer["headers"], answer["body"]

    def token(self, **changes):
        link = AlertLink("acme", ALERT_ID, "acknowledge", "night", int((self.clock.now + LIFE).timestamp()))
        fields = {name: changes.get(name, getattr(link, name)) for name in AlertLink.__slots__}
        return sign_link(AlertLink(**fields), SECRET)

    def state(self):
        return self.alerts.states["acme", ALERT_ID]


@pytest.fixture
def api():
    return Api()


def test_a_webhook_of_pagerduty_is_accepted(api):
    body = pagerduty_body(api.clock.now)
    assert api("POST", DUTY + ENDPOINT.name, body, pagerduty_headers(body))[0] == 202
    assert api.state() == "acknowledged"


def test_a_button_of_slack_is_answered_with_an_empty_200(api):
    body = slack_body("resolve")
    status, _, answer = api(
        "POST", SLACK + ENDPOINT.name, body, {"Content-Type": FORM} | slack_headers(body, api.clock.now)
    )
    assert (status, answer, api.state()) == (200, "", "resolved")


def test_the_signature_covers_the_raw_body(api):
    body = pagerduty_body(api.clock.now, client="Zürich ☃")
    spaced = body.replace(b'"event": {', b'"event" :  {')
    assert api("POST", DUTY + ENDPOINT.name, spaced, pagerduty_headers(body))[0] == 401
    assert api("POST", DUTY + ENDPOINT.name, spaced, pagerduty_headers(spaced))[0] == 202


def test_an_unknown_incident_with_a_good_signature_is_accepted(api):
    body = pagerduty_body(api.clock.now, data={"incident_key": "of another tool"})
    assert api("POST", DUTY + ENDPOINT.name, body, pagerduty_headers(body))[0] == 202
    assert api.alerts.changes == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"event": {"event_type": "pagey.ping"}}', b"null", b"\xc3\xa9"])
def test_any_signed_body_is_accepted(api, body):
    assert api("POST", DUTY + ENDPOINT.name, body, pagerduty_headers(body))[0] == 202


def test_forged_and_unknown_have_the_same_answer(api):
    body = pagerduty_body(api.clock.now)
    answers = set()
    for name, headers in (
        (ENDPOINT.name, pagerduty_headers(body, "other")),
        ("acme.unknown", pagerduty_headers(body)),
        ("nobody.night", pagerduty_headers(body)),
        ("no-endpoint", pagerduty_headers(body)),
        (ENDPOINT.name, {}),
    ):
        status, _, text = api("POST", DUTY + name, body, headers)
        problem = json.loads(text)
        answers.add((status, problem["type"], problem["detail"]))
    assert len(answers) == 1
    assert {status for status, *_ in answers} == {401}
    assert api.alerts.calls == 0


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY_BYTES, 202), (MAX_BODY_BYTES + 1, 413)])
def test_a_body_has_at_most_64_kb(api, size, status):
    body = b"[" + b" " * (size - 2) + b"]"
    assert api("POST", DUTY + ENDPOINT.name, body, pagerduty_headers(body))[0] == status


@pytest.mark.parametrize("failure", [Conflict("busy"), Unavailable("away")])
def test_a_report_that_failed_is_answered_with_503(api, failure):
    api.alerts.failures = [failure]
    body = pagerduty_body(api.clock.now)
    assert api("POST", DUTY + ENDPOINT.name, body, pagerduty_headers(body))[0] == 503


def test_showing_a_link_changes_nothing(api):
    for _ in range(3):
        status, headers, page = api("GET", PATH + api.token())
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (ALERT_ID in page, '<form method="post">' in page) == (True, True)
    assert (api.state(), api.alerts.calls) == ("firing", 0)


def test_the_form_of_a_link_acts_once(api):
    for _ in range(2):
        status, _, page = api("POST", PATH + api.token(), None, {"Content-Type": FORM})
        assert (status, "acknowledged" in page) == (200, True)
    assert api.alerts.changes == [("acknowledged", "link:night", "")]


def test_a_page_allows_its_own_style_and_form_only(api):
    for path in (PATH + api.token(), f"{PATH}x"):
        _, headers, page = api("GET", path)
        (style,) = re.findall("<style>(.*)</style>", page)
        digest = b64encode(sha256(style.encode()).digest()).decode()
        assert headers["content-security-policy"].split("; ") == [
            *("default-src 'none'", f"style-src 'sha256-{digest}'", "form-action 'self'"),
            *("base-uri 'none'", "frame-ancestors 'none'"),
        ]
        assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
        assert not re.search(r"<script|\son\w+=|style=|src=|href=", page)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_forged_and_expired_links_have_the_same_page(api, method):
    expired = api.token(expires_at=int(api.clock.now.timestamp()))
    pages = {api(method, PATH + token)[::2] for token in (expired, api.token()[:-1], "x", "a.b.c")}
    assert [status for status, _ in pages] == [401]
    assert api.alerts.calls == 0


def test_a_link_to_an_alert_that_is_gone_is_answered_with_404(api):
    status, _, page = api("POST", PATH + api.token(tenant_id="globex"))
    assert (status, "no longer exists" in page) == (404, True)


def test_a_link_whose_alert_is_being_changed_is_answered_with_409(api):
    api.alerts.failures = [Conflict("busy")]
    assert api("POST", PATH + api.token())[0] == 409


def test_logs_have_neither_secrets_nor_tokens(api):
    body = pagerduty_body(api.clock.now)
    api("POST", DUTY + ENDPOINT.name, body, pagerduty_headers(body))
    api("POST", DUTY + ENDPOINT.name, body, pagerduty_headers(body, "other"))
    api("POST", PATH + api.token())
    log = api.log.getvalue()
    signatures = pagerduty_headers(body)["x-pagerduty-signature"]
    for word in ("canary", api.token().rpartition(".")[2], signatures[3:], *SECRETS.values(), "PLH1HKV"):
        assert word not in log
    assert '"tenant_id":"acme"' in log.replace(" ", "")
    assert "/v1/alerting/links/{token}" in log


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_refused(api, method):
    assert api(method, DUTY + ENDPOINT.name)[0] == 405
