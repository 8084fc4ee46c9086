"""What a newcomer sees first: the demonstration, and the commands of a tenant's own."""

import json


def test_the_demonstration_shows_what_it_claims(cli):
    shown = " ".join(cli("demo", "--rows", "1").replace("│", " ").split())
    assert "the same bytes, one decision" in shown
    assert "asks for that decision: 404 No such resource, the same as for an id that nobody has." in shown
    assert "300 rows: completed_with_errors" in shown
    assert "of 1,000 predictions are left" in shown
    assert shown.index("inference") < shown.index("total") < shown.index("Once more, by hand")


def test_a_tenants_own_commands_work_with_the_key_that_it_was_given(cli, tmp_path):
    assert "50.000000" in cli("budgets", "set", "third_party", "month", "50")
    assert "third_party/month" in cli("budgets")
    assert "no budget" in cli("budgets", "remove", "third_party", "month")
    assert "scoring given" in cli("subjects", "declare", "newcomer", "--text", "v1", "--give", "scoring")
    cli("subjects", "export", "newcomer", str(tmp_path / "all.json"))
    assert len(json.loads((tmp_path / "all.json").read_text())["consents"]) == 1
    cli("subjects", "erase", "newcomer", "--yes")
    assert "under way" in cli("subjects", "erasure", "newcomer") or "signed" in cli("subjects", "erasure", "newcomer")
    assert "predictions" in cli("usage")
    cli("costs", "plot", str(tmp_path / "costs.png"))
    assert (tmp_path / "costs.png").read_bytes().startswith(b"\x89PNG")
