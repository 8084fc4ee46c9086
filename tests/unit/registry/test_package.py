"""A package is what its signature says, or it is refused before anything parses it."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.registry import KEY, KEYS, NOW, OTHER_KEY, LinearEngines, contract, package, resigned, trained
from vigil.errors import ModelRefused
from vigil.registry.model import FeatureSpec, file_limit
from vigil.registry.package import Expected, Verifier, canonical, digest_of, manifest_bytes
from vigil.registry.signing import SigningKey, check_keys, check_signature, sign

PACKAGE = package()
CURRENT = Expected(now=NOW)


def verify(files, expected=CURRENT, keys=KEYS, floors=None):
    engines = LinearEngines()
    return Verifier(keys, engines, floors or {}).verify(files, expected), engines


def refusal(files, expected=CURRENT, **pins):
    """Return the reason, after making sure that no byte reached the engine."""
    engines = LinearEngines()
    with pytest.raises(ModelRefused) as caught:
        Verifier(pins.get("keys", KEYS), engines, pins.get("floors", {})).verify(files, expected)
    assert engines.handed == []
    return caught.value.reason


def changed(**fields):
    """Return the package with other manifest fields, signed by the pinned key."""
    document = json.loads(PACKAGE["manifest.json"]) | fields
    return resigned(PACKAGE, canonical(document))


def relisted(files):
    """Return the package with the present bytes of its files in a manifest signed anew."""
    import hashlib

    listed = {
        name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
        for name in ("model.txt", "golden.json", "card.md")
    }
    return resigned(files, canonical(json.loads(files["manifest.json"]) | {"files": listed}))


def test_a_good_package_gives_the_model_whose_bytes_it_carries():
    model, engines = verify(PACKAGE)
    assert engines.handed == [PACKAGE["model.txt"]]
    assert (model.name, model.version, model.card) == ("toy", 1, trained().card)
    assert model.digest == digest_of(PACKAGE["manifest.json"])
    assert model.contract == contract(bands=model.contract.bands)


def test_a_loaded_model_assesses_a_row_with_calibration_and_band():
    model, _ = verify(PACKAGE)
    row = model.contract.encode({"age": 50, "visits": 3, "sex": "female", "phone": True})
    verdict = model.assess(row)
    raw = verdict.votes["model"].raw
    assert raw == pytest.approx(-0.25 + 0.5 + 0.9 + 0.1)
    assert verdict.probability == pytest.approx(1 / (1 + 2.718281828459045 ** -(0.9 * raw - 0.1)))
    assert (verdict.band, verdict.decision) == ("high", "call")


def test_packaging_is_deterministic():
    assert package() == PACKAGE


def test_equal_manifests_have_equal_bytes_whether_a_bound_was_written_whole_or_not():
    whole, fraction = contract(metrics={"auc": 1}), contract(metrics={"auc": 1.0})
    manifest = verify(PACKAGE)[0].manifest
    assert manifest_bytes(replace(manifest, contract=whole)) == manifest_bytes(replace(manifest, contract=fraction))


@pytest.mark.parametrize("change", [{"card": " \n"}, {"golden": ()}], ids=["card", "golden"])
def test_a_model_without_card_or_golden_rows_is_not_packaged(change):
    with pytest.raises(ValueError, match="needs a card and golden rows"):
        package(model=replace(trained(), **change))


@pytest.mark.parametrize("name", PACKAGE)
def test_a_missing_file_is_refused(name):
    assert refusal({k: v for k, v in PACKAGE.items() if k != name}) == "missing_file"


@pytest.mark.parametrize("name", PACKAGE)
def test_an_oversized_file_is_refused(name):
    assert refusal({**PACKAGE, name: bytes(file_limit(name) + 1)}) == "oversized"


@pytest.mark.parametrize("name", PACKAGE)
@given(data=st.data())
def test_any_flipped_bit_is_refused_before_the_engine_sees_a_byte(name, data):
    content = bytearray(PACKAGE[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    reason = refusal({**PACKAGE, name: bytes(content)})
    signature_reasons = {"unsigned", "unknown_key", "bad_signature"}
    assert reason in {"manifest.json": {"bad_signature"}, "manifest.sig": signature_reasons}.get(
        name, {"digest_mismatch"}
    )


@pytest.mark.parametrize("name", PACKAGE)
@given(data=st.data())
def test_any_truncation_is_refused_before_the_engine_sees_a_byte(name, data):
    cut = PACKAGE[name][: data.draw(st.integers(0, len(PACKAGE[name]) - 1))]
    assert refusal({**PACKAGE, name: cut}) in {"unsigned", "bad_signature", "digest_mismatch"}


@given(st.binary(max_size=4096))
def test_no_bytes_at_all_pass_for_a_signature(signature):
    assert refusal({**PACKAGE, "manifest.sig": signature}) == "unsigned"


@pytest.mark.parametrize("spelling", [b" %s", b"%s\n"])
def test_a_signature_has_one_spelling(spelling):
    assert refusal({**PACKAGE, "manifest.sig": spelling % PACKAGE["manifest.sig"]}) == "unsigned"


def test_spare_bits_of_base64_are_no_way_to_another_signature_file():
    document = json.loads(PACKAGE["manifest.sig"])
    last = document["signature"][-3]
    other = chr(ord(last) + 1)  # differs in bits that base64 ignores before its padding
    spelled = document | {"signature": document["signature"][:-3] + other + "=="}
    assert base64.b64decode(spelled["signature"]) == base64.b64decode(document["signature"])
    assert refusal({**PACKAGE, "manifest.sig": canonical(spelled)}) == "unsigned"


def test_a_signature_of_deep_nesting_is_refused():
    assert refusal({**PACKAGE, "manifest.sig": b"[" * 4096}) == "unsigned"


def test_a_key_that_is_not_pinned_is_refused():
    assert refusal(package(key=OTHER_KEY)) == "unknown_key"


def test_another_key_that_claims_a_pinned_id_is_refused():
    forged = json.loads(sign(PACKAGE["manifest.json"], OTHER_KEY)) | {"key_id": KEY.key_id}
    assert refusal({**PACKAGE, "manifest.sig": canonical(forged)}) == "bad_signature"


def test_a_pinned_key_cannot_sign_in_the_name_of_the_other():
    both = {**KEYS, OTHER_KEY.key_id: OTHER_KEY.public}
    assert refusal(resigned(PACKAGE, PACKAGE["manifest.json"], OTHER_KEY), keys=both) == "bad_signature"


def test_either_of_two_pinned_keys_may_sign():
    both = {**KEYS, OTHER_KEY.key_id: OTHER_KEY.public}
    assert verify(package(key=OTHER_KEY), keys=both)[0].manifest.key_id == OTHER_KEY.key_id


def test_a_signature_made_for_another_purpose_does_not_pass():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    bare = Ed25519PrivateKey.from_private_bytes(KEY.private).sign(PACKAGE["manifest.json"])
    document = {"key_id": KEY.key_id, "signature": base64.b64encode(bare).decode()}
    assert refusal({**PACKAGE, "manifest.sig": canonical(document)}) == "bad_signature"


@pytest.mark.parametrize(
    "keys", [{}, {str(i): bytes(32) for i in range(3)}, {"short": bytes(31)}], ids=["0", "3", "31"]
)
def test_only_one_or_two_whole_keys_can_be_pinned(keys):
    with pytest.raises(ValueError, match="public key"):
        check_keys(keys)
    with pytest.raises(ValueError, match="public key"):
        Verifier(keys, LinearEngines())


def test_a_private_key_does_not_show_itself():
    assert repr(KEY) == "SigningKey()"


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_what_a_key_signs_its_public_key_accepts(private, manifest):
    key = SigningKey(private)
    assert check_signature(manifest, sign(manifest, key), {key.key_id: key.public}) == key.key_id


@pytest.mark.parametrize(
    "fields",
    [
        {"version": "1"},
        {"format": 1},
        {"surplus": 1},
        {"expires_at": "soon"},
        {"expires_at": "2027-01-01T00:00:00"},
        {"files": {}},
        {"files": {"../model.txt": {"sha256": "0" * 64, "size": 1}}},
    ],
    ids=str,
)
def test_a_signed_manifest_that_breaks_its_schema_is_refused(fields):
    assert refusal(changed(**fields)) == "malformed"


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[" * 100_000, b"NaN", b"\xff"], ids=lambda b: str(b[:4]))
def test_signed_rubbish_is_refused(manifest):
    assert refusal(resigned(PACKAGE, manifest)) == "malformed"


@pytest.mark.parametrize("indent", [0, 1])
def test_a_signed_manifest_in_another_than_canonical_form_is_refused(indent):
    spaced = json.dumps(json.loads(PACKAGE["manifest.json"]), indent=indent, sort_keys=True).encode()
    assert refusal(resigned(PACKAGE, spaced)) == "malformed"


def test_a_manifest_with_an_infinite_metric_is_refused():
    infinite = PACKAGE["manifest.json"].replace(b'"auc":0.7', b'"auc":Infinity')
    assert refusal(resigned(PACKAGE, infinite)) == "malformed"


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (Expected("other", 1, now=NOW), "wrong_name"),
        (Expected("toy", 2, now=NOW), "wrong_name"),
        (Expected("toy", 1, "sha256:0", now=NOW), "digest_mismatch"),
        (Expected("toy", 1, now=NOW + timedelta(days=365)), "expired"),
        (Expected("toy", 1, floor=2, now=NOW), "rolled_back"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_package_that_is_not_what_was_asked_for_is_refused(expected, reason):
    assert refusal(PACKAGE, expected) == reason


def test_a_pinned_floor_holds_whatever_the_pointer_says():
    assert refusal(PACKAGE, Expected("toy", 1, floor=1, now=NOW), floors={"toy": 2}) == "rolled_back"
    assert verify(PACKAGE, floors={"other": 2})[0].version == 1


def test_replay_accepts_an_expired_version_below_the_floor_but_nothing_unsigned():
    assert verify(PACKAGE, Expected("toy", 1, floor=9), floors={"toy": 9})[0].version == 1
    assert refusal(package(key=OTHER_KEY), Expected("toy", 1)) == "unknown_key"


def test_the_last_second_of_validity_is_valid():
    assert verify(PACKAGE, Expected(now=NOW + timedelta(days=365, seconds=-1)))[0].version == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("golden.json", b"[]"),
        ("golden.json", b"{"),
        ("golden.json", b'[{"features":{}}]'),
        ("card.md", b" \n"),
        ("card.md", b"\xff"),
    ],
)
def test_a_signed_card_or_golden_file_that_cannot_be_read_is_refused(name, content):
    assert refusal(relisted({**PACKAGE, name: content})) == "malformed"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("raw", lambda raw: raw + 2e-16, "golden_mismatch"),
        ("vote", lambda _: "abstain", "golden_mismatch"),
        ("decision", lambda _: "abstain", "golden_mismatch"),
        ("votes", lambda votes: votes | {"another": votes["model"]}, "golden_mismatch"),
        ("probability", lambda p: p + 2e-9, "golden_mismatch"),
        ("band", lambda _: "another", "golden_mismatch"),
        ("contributions", lambda c: [c[0] + 2e-9, *c[1:]], "golden_mismatch"),
        ("contributions", lambda c: c[1:], "golden_mismatch"),
        ("base", lambda base: base - 2e-9, "golden_mismatch"),
        ("row", lambda row: [*row[:2], 0.0, *row[3:]], "schema_mismatch"),
        ("features", lambda features: features | {"age": 121}, "schema_mismatch"),
        ("features", lambda features: features | {"height": 1}, "schema_mismatch"),
    ],
)
def test_a_golden_row_with_another_answer_is_refused(field, value, reason):
    rows = json.loads(PACKAGE["golden.json"])
    place = rows[0]["votes"]["model"] if field in {"raw", "vote", "contributions", "base"} else rows[0]
    place[field] = value(place[field])
    with pytest.raises(ModelRefused) as caught:
        verify(relisted({**PACKAGE, "golden.json": canonical(rows)}))
    assert caught.value.reason == reason


def test_a_last_bit_of_a_contribution_may_differ_between_machines():
    rows = json.loads(PACKAGE["golden.json"])
    rows[0]["votes"]["model"]["contributions"][0] += 1e-12
    assert verify(relisted({**PACKAGE, "golden.json": canonical(rows)}))[0].version == 1


def test_a_model_that_is_not_of_the_schema_is_refused():
    features = (FeatureSpec("height", "number", "height", "cm", 0, 300), *contract().features[1:])
    document = json.loads(PACKAGE["manifest.json"])
    other = json.loads(manifest_bytes(replace(verify(PACKAGE)[0].manifest, contract=contract(features=features))))
    with pytest.raises(ModelRefused) as caught:
        verify(resigned(PACKAGE, canonical(document | {"contract": other["contract"]})))
    assert caught.value.reason == "schema_mismatch"


def test_an_engine_that_answers_with_no_number_is_refused():
    class Blank(LinearEngines):
        def __call__(self, spec, content, of, table):
            engine = super().__call__(spec, content, of, table)
            engine.base = float("nan")
            return engine

    with pytest.raises(ModelRefused) as caught:
        Verifier(KEYS, Blank()).verify(PACKAGE, CURRENT)
    assert caught.value.reason == "golden_mismatch"


@pytest.mark.parametrize("name", ["", "Toy", "../toy", "toy/1", "a" * 65, "toy\n"])
def test_a_name_that_could_not_be_part_of_a_key_or_path_is_no_model_name(name):
    with pytest.raises(ValueError, match="name must match"):
        contract(name)


def test_without_signature_nothing_of_the_engine_or_openssl_is_imported():
    import subprocess
    import sys

    code = (
        "import sys, vigil.registry.service; print({'boto3', 'botocore', 'cryptography'} & set(sys.modules) or 'none')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "none"
