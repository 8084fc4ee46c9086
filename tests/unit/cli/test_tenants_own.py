"""`vigil usage`, `vigil budgets` and `vigil subjects` with a test server in place of the API."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app

USAGE = {
    "tenant_id": "acme",
    "period": "2026-11",
    "items": [
        {"period": "2026-11-20", "predictions": 1_200, "api_calls": 7, "emails": 0},
        {"period": "2026-11-21", "predictions": 34, "api_calls": 0, "emails": 0},
    ],
    "total": {"predictions": 1_234, "api_calls": 7, "emails": 0},
    "stored": {"storage_bytes": 2_500_000, "database_bytes": 1_000},
    "quota": {"limit": 10_000, "used": 1_234, "left": 8_766, "resets_at": "2026-12-01T00:00:00+00:00"},
    "limits": {"predictions_per_month": 10_000, "per_minute": 60, "per_hour": 1_000, "storage_gb": 50}
    | {"tenant_per_minute": 600, "tenant_per_hour": 10_000},
}
BUDGET = {
    "category": "total",
    "period": "month",
    "span": "2026-11",
    "limit_micros": 500_000_000,
    "spent_micros": 425_000_000,
    "share": 85.0,
    "hard_stop": True,
    "alerts": [{"threshold": 80}],
    "projected": {"low_micros": 1, "middle_micros": 612_000_000, "high_micros": 2},
}
CONSENT = {
    "purposes": {"scoring": "withdrawn"},
    "next_cursor": None,
    "history": [
        {
            "purposes": {"scoring": "withdrawn"},
            "text_version": "v2",
            "declared_by": "subject",
            "declared_at": "2026-11-21T10:00:00+00:00",
        }
    ],
}
CERTIFICATE = {"payload": '{"erased": {"decisions": 2}}', "algorithm": "ECDSA", "key_arn": "arn:k"}
RUNNING = {"requested_at": "2026-11-21T10:00:00+00:00", "erased": {"decisions": 2, "outcomes": 0}}
PERSON = "/v1/subjects/sub-0"


INVALID = {
    "title": "The request is not valid",
    "errors": [
        {"field": "limit_micros", "message": "must be a whole number of micro-dollars", "bound": None},
        {"field": "thresholds", "message": "must have at least 1 item", "bound": "at least 1 item"},
    ],
}
ANSWERS = {
    ("GET", "/v1/usage"): (200, USAGE),
    ("GET", "/v1/tenants/acme/usage"): (200, USAGE),
    ("GET", "/v1/budgets"): (200, {"items": [BUDGET]}),
    ("PUT", "/v1/budgets/total/month"): (201, BUDGET),
    ("DELETE", "/v1/budgets/total/month"): (204, None),
    ("PUT", "/v1/budgets/storage/month"): (422, INVALID),
    ("POST", "/v1/subjects/lookup"): (200, {"subject": "sub-0"}),
    ("GET", f"{PERSON}/consent"): (200, CONSENT),
    ("PUT", f"{PERSON}/consent"): (200, CONSENT),
    ("DELETE", PERSON): (202, {"running": None, "certificates": []}),
    ("GET", f"{PERSON}/erasure"): (200, {"running": RUNNING, "certificates": [CERTIFICATE]}),
}
REFUSAL = 403, {"title": "The credential does not carry this right", "detail": "This needs budgets:write."}


def answer(asked):
    if asked.path != f"{PERSON}/export":
        return ANSWERS.get((asked.method, asked.path), REFUSAL)
    if "cursor" in asked.query:
        return 200, {"data": {"decisions": [{"n": 2}], "outcomes": [{"n": 3}]}, "next_cursor": None}
    return 200, {"data": {"decisions": [{"n": 1}]}, "next_cursor": "c"}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API."""
    with api(answer) as requests:
        yield requests


def run(*words, code=0, **options):
    done = CliRunner().invoke(app, [*map(str, words)], **options)
    assert done.exit_code == code, done.output
    return done.output


def test_usage_prints_used_and_remaining_amounts(asked):
    shown = run("usage", "--by", "day")
    assert (asked[0].path, asked[0].query) == ("/v1/usage", {"granularity": "day"})
    assert run("usage", "--by", "day", "--tenant", "acme") == shown
    assert all(words in shown for words in ("1,200", "8,766 of 10,000 left until 2026-12-01", "2.500 MB in files"))
    assert "emails" not in shown


@pytest.mark.parametrize("words", [("budgets",), ("budgets", "list")])
def test_a_budget_is_printed_with_its_spend_and_projection(words, asked):
    shown = run(*words)
    assert asked[0].credential == "Bearer vgl_local_k_s"
    told = ("total/month", "500.000000", "425.000000", "85.0", "hard stop", "80 %", "612.000000")
    assert all(word in shown for word in told)


def test_a_budget_is_set_in_dollars_and_deleted(asked):
    run("budgets", "set", "total", "month", "500.25", "--alert", "90", "--alert", "50", "--hard-stop")
    assert asked[0].body == {"limit_micros": 500_250_000, "hard_stop": True, "thresholds": [50, 90]}
    run("budgets", "set", "total", "month", "0.000001")
    assert asked[1].body == {"limit_micros": 1, "hard_stop": False}
    run("budgets", "remove", "total", "month")
    assert asked[2].method == "DELETE"


@pytest.mark.parametrize("amount", ["0.0000001", "many", "NaN", "Infinity", "1e999999"])
def test_an_invalid_amount_is_not_sent(amount, asked):
    assert "dollars with at most six decimals" in run("budgets", "set", "total", "month", amount, code=2)
    assert asked == []


def test_several_wrong_fields_are_printed_on_a_line_each():
    assert run("budgets", "set", "storage", "month", "1", code=1).splitlines() == [
        "The request is not valid:",
        "  limit_micros: must be a whole number of micro-dollars",
        "  thresholds: must have at least 1 item",
    ]


def test_a_lookup_prints_the_pseudonym_alone(asked):
    assert run("subjects", "lookup", "P/1?x") == "sub-0\n"
    assert asked[0].body == {"subject_id": "P/1?x"}


def test_an_error_is_printed_in_one_line():
    assert run("budgets", "set", "total", "day", "1", code=1).endswith("right: This needs budgets:write.\n")


def test_consents_are_printed_and_declared(asked):
    assert "scoring withdrawn" in run("subjects", "consent", "P/1?x")
    run("subjects", "declare", "P/1?x", "--text", "v2", "--withdraw", "scoring", "--give", "contact")
    assert asked[3].body == {
        "purposes": {"contact": "given", "scoring": "withdrawn"},
        "text_version": "v2",
        "declared_by": "subject",
    }


def test_an_export_has_all_parts_and_is_readable_by_its_owner_only(tmp_path):
    (file := tmp_path / "person.json").touch(mode=0o644)
    assert "2 decisions, 1 outcomes" in run("subjects", "export", "P/1?x", file)
    assert json.loads(file.read_text()) == {"decisions": [{"n": 1}, {"n": 2}], "outcomes": [{"n": 3}]}
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_erasure_is_confirmed_and_its_state_and_certificates_shown(asked):
    run("subjects", "erase", "P/1?x", code=1, input="n\n")
    assert asked == []
    run("subjects", "erase", "P/1?x", "--yes")
    assert [(each.method, each.path) for each in asked] == [("POST", "/v1/subjects/lookup"), ("DELETE", PERSON)]
    assert asked[0].body == {"subject_id": "P/1?x"}
    shown = run("subjects", "erasure", "P/1?x")
    assert "erased so far: 2 decisions" in shown
    assert "arn:k" in shown
