"""`vigil score` with a test server in place of the API."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 40.5}}
ANSWER = {
    "decision_id": "dec-" + "0" * 32,
    "model": {"name": "toy", "version": 3, "digest": "sha256:0"},
    "subject_id": "p-1",
    "probability": 0.31,
    "band": "high",
    "decision": "call_patient",
    "abstention": None,
    "guarantee": {"alpha": 0.08, "delta": 0.1, "harm": "missed"},
    "explanation": [
        {"contribution": 0.4, "text": "Age: 40.5 years; raises the chance of trouble."},
        {"contribution": -0.2, "text": "Meetings: 1 meeting; lowers the chance of trouble."},
        {"contribution": 0.0, "text": "Home: not recorded; does not change the chance of trouble."},
    ],
    "as_of": "2026-11-29T12:00:00.000000Z",
    "warnings": ["no_calibration", "something_new"],
}
MODEL = {"bands": [{"name": "low"}, {"name": "high"}], "label": {"name": "trouble"}}
ABSTENTION = {"reasons": ["low_confidence", "missing"], "missing_fact": {"label": "yearly revenue"}}
PROBLEM = {
    "title": "The request breaks a rule",
    "errors": [{"field": "features.age", "message": "must be between 0 and 100 years", "bound": "0 to 100 years"}],
}


@pytest.fixture
def file(tmp_path):
    written = tmp_path / "score.json"
    written.write_text(json.dumps(BODY))
    return written


def run(*arguments, **options):
    done = CliRunner().invoke(app, ["score", *map(str, arguments)], **options)
    return done.exit_code, " ".join(done.output.split()), done


def answering(scored=ANSWER, status=201, model=(200, MODEL)):
    return lambda asked: model if asked.path == "/v1/models/toy" else (status, scored)


def test_an_answer_is_printed_with_band_reasons_warnings_and_id(api, file):
    with api(answering()) as asked:
        code, shown, _ = run(file)
    assert code == 0, shown
    assert asked[0].body == {**BODY, "explain": True}
    for part in (
        "model toy version 3, chance of trouble",
        "31 % band high → call patient",
        "▲ raises Age: 40.5 years",
        "▼ lowers Meetings: 1 meeting",
        "of such answers at most 8 % miss the outcome, with a confidence of 90 %",
        "warning: the model has no certified threshold",
        "warning: something new",
        f"decision dec-{'0' * 32}, as of 2026-11-29",
    ):
        assert part in shown
    assert "Home" not in shown


def test_an_abstention_is_printed_with_its_reasons_and_the_missing_fact(api, file):
    with api(answering({**ANSWER, "decision": "abstain", "abstention": ABSTENTION, "guarantee": None})):
        _, shown, _ = run(file)
    assert "no automatic decision: low confidence, missing; most useful missing fact: yearly revenue" in shown
    assert "of such answers" not in shown


def test_an_answer_of_a_model_out_of_service_is_printed(api, file):
    with api(answering(model=(404, {"title": "The resource does not exist"}))):
        code, shown, _ = run(file)
    assert (code, "▲ raises Age: 40.5 years" in shown) == (0, True)


def test_json_prints_the_exact_bytes_of_the_answer(api, file):
    body = b'{"probability":0.30000000000000004, "x":"\\u00e9"}'
    with api(lambda _: (201, body)) as asked:
        _, _, done = run(file, "--json")
    assert done.stdout_bytes == body
    assert len(asked) == 1


def test_a_hyphen_reads_standard_input(api):
    with api(answering()) as asked:
        assert run("-", input=json.dumps({**BODY, "explain": False}))[0] == 0
    assert asked[0].body == {**BODY, "explain": False}


def test_a_refusal_is_printed_with_field_and_bound(api, file):
    with api(answering(PROBLEM, 422)):
        code, shown, done = run(file)
    assert (code, done.stdout) == (1, "")
    assert shown == "The request breaks a rule: features.age: must be between 0 and 100 years (0 to 100 years)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "must be JSON: line 1, column 2 is wrong (the body of POST /v1/scores)"),
        (b"\xff", "must be in UTF-8 (the body of POST /v1/scores, saved in UTF-8)"),
        ('{"model": "toy"}'.encode("utf-16"), "must be in UTF-8 (the body of POST /v1/scores, saved in UTF-8)"),
        (
            b'{"a": ' + b"1" * 5_000 + b"}",
            "has a whole number with too many digits (at most 4,300 digits in a whole number)",
        ),
        (b"[1]", "must be a JSON object (the body of POST /v1/scores)"),
        (b'{"model": "a", "model": "b"}', "model: occurs twice in one object (each name once in an object)"),
    ],
)
def test_a_file_that_is_no_request_is_refused_before_it_is_sent(api, tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    with api(answering()) as asked:
        code, shown, _ = run(tmp_path / "x.json")
    assert (code, asked) == (1, [])
    assert shown.endswith(message)


def test_a_file_with_a_byte_order_mark_is_sent(api, tmp_path):
    (tmp_path / "x.json").write_bytes(json.dumps(BODY).encode("utf-8-sig"))
    with api(answering()) as asked:
        assert run(tmp_path / "x.json")[0] == 0
    assert asked[0].body == {**BODY, "explain": True}


@pytest.mark.parametrize(
    ("key", "remedy"),
    [*((key, "visible ASCII characters only") for key in ("\u00e9", "a b", "a\n")), ("", "is empty. Give a value")],
)
def test_a_key_with_other_characters_exits_with_code_2(api, file, key, remedy):
    with api(answering()) as asked:
        code, shown, _ = run(file, "--key", key)
    assert (code, asked) == (2, [])
    assert "'--key'" in shown
    assert remedy in shown


@pytest.mark.parametrize("url", ["::::", "localhost:8000", "ftp://example.org", "http://", "http://a\x1b"])
def test_a_variable_that_is_no_url_exits_with_code_2(monkeypatch, file, url):
    monkeypatch.setenv("VIGIL_API_URL", url)
    code, shown, _ = run(file, "--key", "k")
    assert code == 2
    assert "VIGIL_API_URL" in shown
    assert "https://api.example.com" in shown


@pytest.mark.parametrize("charset", ["ascii", "iso-8859-1"])
def test_an_encoding_without_the_characters_prints_the_decision(api, file, charset):
    with api(answering({**ANSWER, "subject_id": "\u20ac-1"})):
        done = CliRunner(charset=charset).invoke(app, ["score", str(file)])
    assert done.exit_code == 0, done.output
    assert "31 %  band high  \\u2192 call patient" in done.output
    assert ("\\u20ac-1" in done.output, f"dec-{'0' * 32}" in done.output) == (True, True)


@pytest.mark.parametrize("arguments", [[], ["absent.json"], ["-", "--idempotency-key", "two\nlines"], ["-", "--what"]])
def test_a_wrong_command_line_exits_with_code_2(api, arguments):
    with api(answering()) as asked:
        assert run(*arguments, input=json.dumps(BODY))[0] == 2
    assert asked == []
