"""Model versions, challenger, promotion, rollback and outcomes on the deployed system."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from models import recipe
from tests.e2e.clients import HOME, http, vigil

NAME = "wdbc"


@pytest.fixture(scope="session")
def cli(stack, tmp_path_factory):
    """Function that runs a `vigil` command on the stack, with packages separate from the checkout's."""
    home = tmp_path_factory.mktemp("home")
    for kept in ("local.json", "keys"):
        (home / kept).symlink_to(HOME / kept)
    return lambda *arguments: vigil(home, *arguments, cwd=home).stdout


@pytest.fixture
def tenant(tenants):
    return tenants[0]


def score(client, **changes):
    (sample,) = recipe.load_recipe(NAME).samples(1, 1)
    body = {"model": NAME, "subject_id": sample["subject_id"], "features": sample["features"]} | changes
    answer = client.post("/v1/scores", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_only_an_operator_can_promote_a_model(tenant, operator):
    version = tenant.get(f"/v1/models/{NAME}/versions").json()["versions"][-1]["version"]
    assert tenant.post(f"/v1/models/{NAME}/promote", json={"version": version}).status_code == 403
    promoted = operator.post(f"/v1/models/{NAME}/promote", json={"version": version})
    assert (promoted.status_code, promoted.json()["version"]) == (200, version)


def test_a_rollback_publishes_a_new_signed_version(tenant, cli):
    before = tenant.get(f"/v1/models/{NAME}/versions").json()["versions"]
    old = next(v["version"] for v in before if "champion" in v["aliases"])
    said = cli("models", "rollback", NAME, str(old))
    after = tenant.get(f"/v1/models/{NAME}/versions").json()["versions"]
    assert f"the same model as version {old}" in " ".join(said.split())
    assert after[-1]["version"] == before[-1]["version"] + 1
    assert after[-1]["aliases"] == ["champion"]
    assert after[-1]["metrics"] == next(v["metrics"] for v in before if v["version"] == old)


def test_an_outcome_is_joined_corrected_and_private(stack, tenant):
    decision = score(tenant, subject_id="outcome-1")["decision_id"]
    report = {"decision_id": decision, "status": "unresolved", "recorded_at": datetime.now(UTC).isoformat()}
    assert tenant.post("/v1/outcomes", json=report).status_code == 201
    assert tenant.post("/v1/outcomes", json=report).status_code == 200
    later = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    corrected = report | {"status": "occurred", "recorded_at": later}
    assert tenant.post("/v1/outcomes", json=corrected).status_code == 201
    found = tenant.get(f"/v1/outcomes/{decision}").json()
    assert (found["status"], [o["status"] for o in found["history"]]) == ("occurred", ["unresolved", "occurred"])
    assert decision in [o["decision_id"] for o in tenant.get("/v1/outcomes").json()["items"]]
    with http(stack, stack.tenants[1].api_key) as other:
        assert other.get(f"/v1/outcomes/{decision}").status_code == 404
        assert other.post("/v1/outcomes", json=report).status_code == 404


def test_a_challenger_trained_on_outcomes_scores_in_shadow(tenant, operator, cli):
    """Outcomes arrive over HTTP, the command line retrains, and HTTP requests yield scores of both models."""
    samples = list(recipe.load_recipe("iit").samples(3, 12))
    for sample in samples[:6]:
        body = {"model": "iit", **{k: v for k, v in sample.items() if not k.startswith("_")}}
        decision = tenant.post("/v1/scores", json=body).raise_for_status().json()["decision_id"]
        status = "occurred" if sample["_label"] else "not_occurred"
        report = {"decision_id": decision, "status": status, "recorded_at": datetime.now(UTC).isoformat()}
        assert tenant.post("/v1/outcomes", json=report).status_code == 201
    said = " ".join(cli("models", "retrain", "iit", "--since", "2020-01-01").split())
    assert "6 outcomes of" in said
    versions = tenant.get("/v1/models/iit/versions").json()["versions"]
    (champion,), (challenger,) = (
        [v["version"] for v in versions if alias in v["aliases"]] for alias in ("champion", "challenger")
    )
    assert challenger == versions[-1]["version"] > champion
    deadline = time.monotonic() + 90
    while operator.get("/v1/models/iit/comparison").json()["pairs"] == 0:
        assert time.monotonic() < deadline
        body = {"model": "iit", **{k: v for k, v in samples[-1].items() if not k.startswith("_")}}
        scored = tenant.post("/v1/scores", json=body).raise_for_status().json()
        assert scored["model"]["version"] == champion
        time.sleep(2)
    cli("models", "withdraw", "iit")
