"""A package is what its signature says, or it is refused before anything parses it."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.packages import KEY, KEYS, OTHER_KEY, LinearEngines, contract, package, resigned, trained
from tests.unit.prediction.packages.signed import PACKAGE, refusal, verify
from vigil.prediction.engines.file_limits import file_limit
from vigil.prediction.packages.signing import SigningKey, check_keys, check_signature, sign
from vigil.prediction.packages.verification import PackageVerifier, canonical_json, manifest_bytes, manifest_digest


def test_a_good_package_gives_the_model_whose_bytes_it_carries():
    model, engines = verify(PACKAGE)
    assert engines.handed == [PACKAGE["model.txt"]]
    assert (model.name, model.version, model.card) == ("toy", 1, trained().card)
    assert model.digest == manifest_digest(PACKAGE["manifest.json"])
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
    assert refusal({**PACKAGE, "manifest.sig": canonical_json(spelled)}) == "unsigned"


def test_a_signature_of_deep_nesting_is_refused():
    assert refusal({**PACKAGE, "manifest.sig": b"[" * 4096}) == "unsigned"


def test_a_key_that_is_not_pinned_is_refused():
    assert refusal(package(key=OTHER_KEY)) == "unknown_key"


def test_another_key_that_claims_a_pinned_id_is_refused():
    forged = json.loads(sign(PACKAGE["manifest.json"], OTHER_KEY)) | {"key_id": KEY.key_id}
    assert refusal({**PACKAGE, "manifest.sig": canonical_json(forged)}) == "bad_signature"


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
    assert refusal({**PACKAGE, "manifest.sig": canonical_json(document)}) == "bad_signature"


@pytest.mark.parametrize(
    "keys", [{}, {str(i): bytes(32) for i in range(3)}, {"short": bytes(31)}], ids=["0", "3", "31"]
)
def test_only_one_or_two_whole_keys_can_be_pinned(keys):
    with pytest.raises(ValueError, match="public key"):
        check_keys(keys)
    with pytest.raises(ValueError, match="public key"):
        PackageVerifier(keys, LinearEngines())


def test_a_private_key_does_not_show_itself():
    assert repr(KEY) == "SigningKey()"


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_what_a_key_signs_its_public_key_accepts(private, manifest):
    key = SigningKey(private)
    assert check_signature(manifest, sign(manifest, key), {key.key_id: key.public}) == key.key_id
