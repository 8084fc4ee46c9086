"""`vigil alerts` calls the API and prints its answers."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli.main import app
from vigil.bootstrap import process

ALERT = {
    "id": "alr-0123-1",
    "state": "firing",
    "severity": "ERROR",
    "type": "work_stuck",
    "source": "queue.batch-splits",
    "count": 3,
    "started_at": "2026-11-21T12:00:00.000000Z",
    "title": "Work is stuck",
    "acknowledged_by": None,
    "labels": {"region": "eu", "team": "data"},
    "facts": {},
}
NOTICE = {
    "created_at": "2026-11-21T12:00:00.000000Z",
    "action": "trigger",
    "channel": "chn-pager",
    "state": "failed",
    "reason": "invalid key",
}
SCHEDULE = {"id": "sch-1", "name": "Rota", "zone": "Europe/Berlin"}
SILENCE = {
    "id": "sil-1",
    "matcher": {"types": ["work_stuck"], "severity": None, "source": None, "labels": {"team": "a"}},
    "state": "active",
    "starts_at": "2026-11-21T12:00:00.000000Z",
    "ends_at": "2026-11-21T13:00:00.000000Z",
    "holds_critical": False,
    "created_by": "member:1",
    "reason": "Planned work",
}
ANN = {"member": {"name": "Ann", "address": "ann@example.com"}, "until": "2026-11-23T08:00:00.000000Z"}


def answer(asked):
    known = {
        "/v1/alerts/alr-0123-1": ALERT | {"notices": [NOTICE]},
        "/v1/alerts/alr-0123-1/acknowledge": ALERT | {"state": "acknowledged"},
        "/v1/alerts/alr-0123-1/resolve": ALERT | {"state": "resolved"},
        "/v1/alerting/test": {"alert_id": "alr-0123-1", "outcome": "opened"},
        "/v1/alerting/schedules": {"items": [SCHEDULE, SCHEDULE | {"id": "sch-2"}]},
        "/v1/alerting/schedules/sch-1": SCHEDULE,
        "/v1/alerting/schedules/sch-1/on-call": ANN,
        "/v1/alerting/schedules/sch-2/on-call": {"member": None, "until": None},
    }
    if asked.path == "/v1/alerts":
        return 200, {"items": [ALERT], "next_cursor": None if "cursor" in asked.query else "c1"}
    if asked.path == "/v1/alerting/silences":
        return (201, SILENCE) if asked.method == "POST" else (200, {"items": [SILENCE]})
    if asked.path == "/v1/alerting/silences/sil-1":
        return 204, None
    if asked.path in known:
        return 200, known[asked.path]
    return 404, {"title": "No such resource", "detail": "There is no such alert."}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API, which returns two pages of one alert each."""
    with api(answer) as requests:
        yield requests


def run(*arguments):
    return CliRunner().invoke(app, ["alerts", *arguments])


def test_list_reads_all_pages_with_its_filters(asked):
    shown = run("list", "--state", "firing", "--type", "work_stuck")
    assert shown.output.count("alr-0123-1") == 2
    first = {"state": "firing", "type": "work_stuck", "limit": "50"}
    assert [each.query for each in asked] == [first, first | {"cursor": "c1"}]


def test_list_stops_at_its_limit(asked):
    assert run("list", "--limit", "1").output.count("alr-0123-1") == 1
    assert len(asked) == 1


def test_show_prints_the_notices_of_an_alert():
    shown = run("show", "alr-0123-1")
    assert "trigger · chn-pager · failed · invalid key" in shown.output
    assert "region=eu, team=data" in shown.output
    assert "acknowledged_by" not in shown.output
    assert "facts" not in shown.output


@pytest.mark.parametrize(("command", "state"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
def test_an_alert_is_changed_and_printed(asked, command, state):
    assert state in run(command, "alr-0123-1").output
    (one,) = asked
    assert (one.method, one.path, one.credential) == (
        "POST",
        f"/v1/alerts/alr-0123-1/{command}",
        "Bearer vgl_local_k_s",
    )


def test_a_test_alert_is_sent(asked):
    assert "`vigil alerts show alr-0123-1` shows" in run("test", "--severity", "CRITICAL").output
    (one,) = asked
    assert (one.method, one.path, one.body) == ("POST", "/v1/alerting/test", {"severity": "CRITICAL"})


def test_a_silence_has_the_matcher_of_the_options(asked, monkeypatch):
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))
    options = ("--for", "2h", "--type", "work_stuck", "--source", "queue.", "--label", "region=eu", "--critical")
    shown = run("silence", "Planned work", *options)
    assert "`vigil alerts unsilence sil-1` ends it" in shown.output
    assert asked[0].body == {
        "ends_at": "2026-11-21T14:00:00+00:00",
        "matcher": {"types": ["work_stuck"], "source": "queue.", "labels": {"region": "eu"}},
        "reason": "Planned work",
        "holds_critical": True,
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "name the alerts with --type, --source or --label"),
        (("--source", "q", "--for", "2 hours"), "must be a number and m, h or d"),
        (("--source", "q", "--for", "0m"), "must be a number and m, h or d"),
        (("--label", "region"), "must be a name and a value"),
    ],
)
def test_a_silence_with_a_wrong_option_is_refused_before_a_request(asked, options, sentence):
    shown = run("silence", "Planned work", *options)
    assert shown.exit_code == 2
    assert sentence in " ".join(shown.stderr.replace("│", " ").split())
    assert asked == []


def test_silences_are_listed_and_ended(asked):
    shown = " ".join(run("silences").output.split())
    assert "Planned work" in shown
    assert "type work_stuck" in shown
    assert run("unsilence", "sil-1").output == "ended the silence sil-1\n"
    assert (asked[1].method, asked[1].path) == ("DELETE", "/v1/alerting/silences/sil-1")


def test_on_call_prints_each_schedule_with_its_member():
    lines = run("on-call").output.splitlines()
    assert "Ann" in lines[1]
    assert "2026-11-23T08:00:00.000000Z" in lines[1]
    assert "2026-11-23 09:00 Europe/Berlin" in lines[1]
    assert "no member" in lines[2]


def test_on_call_prints_one_schedule_at_a_time(asked):
    assert "ann@example.com" in run("on-call", "sch-1", "--at", "2026-12-24T18:00:00+01:00").output
    assert asked[-1].query == {"at": "2026-12-24T18:00:00+01:00"}


def test_an_error_is_printed_in_one_line():
    shown = run("show", "alr-other")
    assert (shown.exit_code, shown.stderr) == (1, "No such resource: There is no such alert.\n")


@pytest.mark.parametrize("duration", ["0m", "2 hours", "31d", "9999h", ""])
def test_a_duration_of_another_form_is_refused_with_the_form(duration):
    result = run("silence", "Planned work", "--type", "work_stuck", "--for", duration)
    assert result.exit_code == 2
    assert "--for" in result.output
