"""The demonstration, and the commands for a tenant's own data."""

import json
import uuid

from models import recipe


def test_the_demonstration_shows_each_of_its_claims(cli):
    shown = " ".join(cli("demo", "--rows", "1").replace("│", " ").split())
    assert "Both answers: identical bytes, one decision." in shown
    assert "demo-practice gets status 404, the same answer as for an id that does not exist." in shown
    assert "299 rows scored, 1 failed" in shown
    assert "the pager showed: Decisions" in shown
    assert "The acknowledgement reached the pager after" in shown
    assert "of 1,000 predictions are left" in shown
    assert "days after the drift began: " in shown
    assert "Quiet: no alarm is open." in shown
    assert shown.index("inference") < shown.index("total") < shown.index("Send a request yourself")


def test_a_score_is_printed_in_words_and_repeated_by_its_key(cli, tmp_path):
    (sample,) = recipe.load_recipe("iit").samples(seed=1, count=1)
    body = {name: value for name, value in sample.items() if name != "_label"} | {"model": "iit"}
    (tmp_path / "score.json").write_text(json.dumps(body))
    named = ("score", str(tmp_path / "score.json"), "--idempotency-key", f"visit-{uuid.uuid4().hex}")
    answer = json.loads(cli(*named, "--json"))
    shown = " ".join(cli(*named).split())
    assert f"decision {answer['decision_id']}, as of {body['as_of'][:10]}, repeated" in shown
    strongest = answer["explanation"][0]["text"].rpartition("; ")[0]
    assert strongest in shown


def test_tenant_commands_work_with_an_administrator_key(cli, tmp_path):
    tenant_id = f"newcomer-{uuid.uuid4().hex[:8]}"
    cli("tenants", "create", tenant_id)
    key = cli("tenants", "create-key", tenant_id, "--role", "admin").strip()
    own = lambda *words: cli(*map(str, words), "--key", key)  # noqa: E731
    assert "50.000000" in own("budgets", "set", "total", "month", "50")
    assert "total/month" in own("budgets")
    own("costs", "plot", tmp_path / "costs.png")
    assert (tmp_path / "costs.png").read_bytes().startswith(b"\x89PNG")
    assert "deleted the budget total/month" in own("budgets", "remove", "total", "month")
    assert "scoring given" in own("subjects", "declare", "P-1", "--text", "v1", "--give", "scoring")
    own("subjects", "export", "P-1", tmp_path / "all.json")
    assert len(json.loads((tmp_path / "all.json").read_text())["consents"]) == 1
    own("subjects", "erase", "P-1", "--yes")
    told = own("subjects", "erasure", "P-1")
    assert "running since" in told or "signed" in told
    assert "1,000 of 1,000 left" in own("usage")
