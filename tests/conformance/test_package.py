"""Conformance tests for any package, regardless of its author, before it scores anyone."""

import hashlib
import json
import math
import re
from dataclasses import replace

import pytest

from tests.conformance.packages import NOW, VERIFIER, Package, signed
from tests.support.fakes.packages import OTHER_KEY, resigned
from vigil.decisions.scoring.model import ScoreRequest
from vigil.errors import InvalidInput, ModelRefused
from vigil.prediction.engines.ensemble import ABSTAIN, DegradedEngine
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.votes import logit, sigmoid
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.manifests import canonical_json, manifest_digest
from vigil.prediction.packages.verification import ExpectedPackage

CURRENT = ExpectedPackage(now=NOW)
PLURAL = re.compile(r"^([a-z ]{3,}s|people)(/[A-Za-z]+)?$")
"""Match a unit that is a noun in the plural; symbols such as `ms` have one form."""


def refusal(files, expected=CURRENT):
    with pytest.raises(ModelRefused) as caught:
        VERIFIER.verify(files, expected)
    return caught.value.reason


def place(package: Package, band: str) -> int:
    return -1 if band == "unknown" else [b.name for b in package.contract.bands].index(band)


def engines(package: Package):
    return {
        spec.name: load_engine(spec, package.trained.files[spec.file], package.contract)
        for spec in package.contract.engines
    }


class Broken:
    def assess(self, row):
        raise RuntimeError("broken")


def with_engine(package: Package, name: str, engine) -> EnsembleRunner:
    return EnsembleRunner(package.contract, engines(package) | {name: engine})


# sign


def test_a_signature_by_another_key_is_refused(package):
    manifest = package.files["manifest.json"]
    assert refusal(resigned(package.files, manifest, OTHER_KEY)) == "unknown_key"
    assert refusal({**package.files, "manifest.json": manifest + b" "}) == "bad_signature"


# verify


def test_a_flipped_byte_of_any_file_is_refused(package):
    for name, content in package.files.items():
        spoilt = bytearray(content)
        spoilt[len(spoilt) // 2] ^= 1
        assert refusal({**package.files, name: bytes(spoilt)}) in {"bad_signature", "unsigned", "digest_mismatch"}


def test_an_engine_with_an_unsigned_file_is_reported_as_degraded(package):
    for spec in package.contract.engines:
        spoilt = {**package.files, spec.file: b"not what was signed"}
        loaded = VERIFIER.verify(spoilt, replace(CURRENT, require_all=False))
        verdict = loaded.assess(package.rows()[0])
        assert verdict.degraded == (DegradedEngine(spec.name, "unsigned"),)
        assert verdict.decision == ABSTAIN or place(package, verdict.band) == len(package.contract.bands) - 1
        assert {"unsigned_model", "missing"} <= set(verdict.reasons) or verdict.vetoed


# golden


def test_golden_rows_cover_every_band_and_an_abstention(package):
    verdicts = [package.loaded.assess(row) for row in package.rows()]
    assert {verdict.band for verdict in verdicts} >= {band.name for band in package.contract.bands}
    assert any(verdict.reasons for verdict in verdicts)


def test_a_changed_golden_answer_is_refused(package):
    rows = json.loads(package.files["golden.json"])
    for vote in rows[0]["votes"].values():
        vote["vote"] = "positive" if vote["vote"] != "positive" else "negative"
    content = canonical_json(rows)
    manifest = json.loads(package.files["manifest.json"])
    manifest["files"]["golden.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    files = resigned({**package.files, "golden.json": content}, canonical_json(manifest))
    assert refusal(files) == "golden_mismatch"


# schema


def test_an_invalid_feature_is_refused_with_its_field_and_bound(package):
    good = dict(package.trained.golden[0])
    for spec in package.contract.features:
        bad = {"category": "no such category", "boolean": 2}.get(spec.type, "many")
        with pytest.raises(InvalidInput) as caught:
            package.contract.encode(good | {spec.name: bad})
        assert [(e.field, bool(e.bound)) for e in caught.value.errors] == [(f"features.{spec.name}", True)]
        if spec.missing == "refuse":
            with pytest.raises(InvalidInput, match="required"):
                package.contract.encode({k: v for k, v in good.items() if k != spec.name})
    with pytest.raises(InvalidInput, match="not a feature"):
        package.contract.encode({"surplus": 1})


# monotone veto


def test_no_veto_ever_lowers_a_band(package):
    spec = package.contract.engines[0]
    inner = engines(package)[spec.name]

    class Vetoing:
        def __init__(self, veto):
            self.veto = veto

        def assess(self, row):
            return replace(inner.assess(row), veto=self.veto)

    for row in package.rows()[:12]:
        plain = with_engine(package, spec.name, Vetoing(None)).assess(row)
        bands = [with_engine(package, spec.name, Vetoing(b.name)).assess(row) for b in package.contract.bands]
        places = [place(package, verdict.band) for verdict in bands]
        assert places == sorted(places)
        assert places[0] >= place(package, plain.band)
        assert all(p >= i for i, p in enumerate(places))
        assert bands[-1].decision == package.contract.bands[-1].decision


# abstain


def test_a_missing_or_broken_engine_never_lowers_a_severity(package):
    highest = len(package.contract.bands) - 1
    for row in package.rows()[:12]:
        for spec in package.contract.engines:
            loaded = engines(package)
            missing = EnsembleRunner(package.contract, {n: e for n, e in loaded.items() if n != spec.name}).assess(row)
            broken = with_engine(package, spec.name, Broken()).assess(row)
            assert missing.degraded == (DegradedEngine(spec.name, "unavailable"),)
            assert broken.degraded == (DegradedEngine(spec.name, "failed"),)
            for verdict in (missing, broken):
                assert verdict.decision == ABSTAIN or place(package, verdict.band) == highest
                for vote in verdict.votes.values():
                    assert place(package, verdict.band) >= (place(package, vote.veto) if vote.veto else -1)
                    if vote.probability is not None:
                        least = package.contract.band_for(vote.probability).name
                        assert place(package, verdict.band) >= place(package, least)


def test_missing_essential_facts_abstain_and_one_is_suggested(package):
    essential = [spec for spec in package.contract.features if spec.missing == "abstain"]
    if not essential:
        pytest.skip("every fact of this package is either refused or dispensable when it is missing")
    for features in package.trained.golden[:8]:
        row = package.contract.encode({**features, **{spec.name: None for spec in essential}})
        verdict = package.loaded.assess(row)
        assert verdict.vetoed or "missing" in verdict.reasons
        if verdict.reasons:
            assert package.loaded.missing_fact(row, verdict) is not None


# calibrate


def test_the_probability_is_the_sum_of_calibrated_log_odds(package):
    ensemble, specs = package.contract.ensemble, {spec.name: spec for spec in package.contract.engines}
    for row in package.rows():
        verdict = package.loaded.assess(row)
        log_odds = ensemble.intercept
        for name, weight in ensemble.weights.items():
            vote, platt = verdict.votes[name], specs[name].calibration
            if vote.probability is None:
                log_odds += ensemble.abstain.get(name, 0.0)
            else:
                assert vote.probability == pytest.approx(sigmoid(platt.slope * vote.raw + platt.intercept), abs=1e-12)
                log_odds += weight * logit(vote.probability)
        assert verdict.probability == pytest.approx(sigmoid(log_odds), abs=1e-9)


def test_answers_are_marked_unless_a_threshold_is_certified(package):
    rule = package.contract.abstention
    row = next(row for row in package.rows() if not package.loaded.assess(row).reasons)
    body = answered(package, package.contract.decode(row))
    if rule is None:
        assert "no_calibration" in body["warnings"]
        assert body["guarantee"] is None
    else:
        assert rule.accepted_error_bound <= rule.alpha + 1e-12
        assert 0 < rule.coverage <= 1
        assert "no_calibration" not in body["warnings"]


def test_the_metrics_contain_the_coverage(package):
    assert 0 <= package.contract.metrics["coverage"] <= 1


# explain


def answered(package, features, scoring=None, **options):
    request = ScoreRequest(package.contract.name, "p-1", features=features, **options)
    row = (scoring or package.scoring()).score("acme", request).row
    return json.loads(row.body)


def test_contributions_sum_to_the_raw_score_of_the_explained_engine(package):
    if not package.loaded.runner.explainers:
        pytest.skip("this package has no engine that can be explained")
    for features in package.trained.golden[:12]:
        body = answered(package, features, explain=True)
        spec = next(spec for spec in package.contract.engines if spec.name == body["explained_engine"])
        total = body["base_value"] + math.fsum(reason["contribution"] for reason in body["explanation"])
        assert total == pytest.approx(body["raw_score"], abs=1e-9)
        assert {r["feature"] for r in body["explanation"]} == {f.name for f in package.contract.engine_features(spec)}


# replay


def test_a_complete_or_degraded_decision_replays_to_the_same_bytes(package):
    broken = package.contract.engines[-1].name
    degraded = LoadedModel(
        package.loaded.manifest, package.loaded.digest, package.loaded.card, with_engine(package, broken, Broken())
    )
    for features in package.trained.golden[:8]:
        for loaded in (package.loaded, degraded):
            models = package.models(loaded)
            scoring = package.scoring(models)
            request = ScoreRequest(package.contract.name, "p-1", features=features, explain=True)
            row = scoring.score("acme", request).row
            models.history[package.contract.name, 1] = package.loaded  # the engine works again
            stored, again = scoring.replay("acme", row.decision_id)
            assert again == stored.body


def test_packaging_again_gives_the_same_digest(package):
    assert manifest_digest(signed(package.trained).files["manifest.json"]) == package.loaded.digest


# texts for people


def test_levels_and_units_of_a_schema_read_as_words(package):
    for spec in package.contract.features:
        words = [spec.format_value(level) for level in spec.categories]
        assert [word for word in words if "_" in word] == []
        assert len(set(words)) == len(words)
        if PLURAL.search(spec.unit):
            assert spec.format_value(1) == f"1 {spec.unit_singular}", spec.name
            assert spec.unit_singular not in {"", spec.unit}, spec.name


def test_reason_texts_use_the_units_of_the_features(package):
    if not package.loaded.runner.explainers:
        pytest.skip("this package has no engine that can be explained")
    units = {spec.name: spec for spec in package.contract.features}
    for features in package.trained.golden[:12]:
        for reason in answered(package, features, explain=True)["explanation"]:
            spec = units[reason["feature"]]
            assert reason["text"].lower().startswith(f"{spec.label.lower()}: ")
            assert reason["unit"] == spec.unit
            assert f": {spec.format_value(reason['value'])}; " in reason["text"]
            assert package.contract.label.name in reason["text"]
