"""Tests of verification: signatures, digests and sizes are checked before any file is parsed."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.packages import KEY, KEYS, OTHER_KEY, LinearEngines, contract, package, resigned, trained
from tests.unit.prediction.packages.signed import PACKAGE, refusal, verify
from vigil.prediction.engines.file_limits import file_limit
from vigil.prediction.packages.manifests import canonical_json, manifest_bytes, manifest_digest
from vigil.prediction.packages.signing import SigningKey, check_keys, check_signature, sign
from vigil.prediction.packages.verification import PackageVerifier


def test_a_valid_package_gives_its_model():
    model, engines = verify(PACKAGE)
    assert engines.received_files == [PACKAGE["model.txt"]]
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


def test_equal_manifests_with_integers_or_floats_have_equal_bytes():
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
def test_a_flipped_bit_is_refused_before_an_engine_is_built(name, data):
    content = bytearray(PACKAGE[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    reason = refusal({**PACKAGE, name: bytes(content)})
    signature_reasons = {"unsigned", "unknown_key", "bad_signature"}
    assert reason in {"manifest.json": {"bad_signature"}, "manifest.sig": signature_reasons}.get(
        name, {"digest_mismatch"}
    )


@pytest.mark.parametrize("name", PACKAGE)
@given(data=st.data())
def test_a_truncated_file_is_refused_before_an_engine_is_built(name, data):
    cut = PACKAGE[name][: data.draw(st.integers(0, len(PACKAGE[name]) - 1))]
    assert refusal({**PACKAGE, name: cut}) in {"unsigned", "bad_signature", "digest_mismatch"}


@given(st.binary(max_size=4096))
def test_arbitrary_bytes_are_not_a_signature(signature):
    assert refusal({**PACKAGE, "manifest.sig": signature}) == "unsigned"


@pytest.mark.parametrize("spelling", [b" %s", b"%s\n"])
def test_white_space_around_a_signature_is_refused(spelling):
    assert refusal({**PACKAGE, "manifest.sig": spelling % PACKAGE["manifest.sig"]}) == "unsigned"


def test_unused_base64_bits_in_a_signature_are_refused():
    document = json.loads(PACKAGE["manifest.sig"])
    last = document["signature"][-3]
    other = chr(ord(last) + 1)  # differs in bits that base64 ignores before its padding
    spelled = document | {"signature": document["signature"][:-3] + other + "=="}
    assert base64.b64decode(spelled["signature"]) == base64.b64decode(document["signature"])
    assert refusal({**PACKAGE, "manifest.sig": canonical_json(spelled)}) == "unsigned"


def test_a_deeply_nested_signature_document_is_refused():
    assert refusal({**PACKAGE, "manifest.sig": b"[" * 4096}) == "unsigned"


def test_a_signature_by_an_unpinned_key_is_refused():
    assert refusal(package(key=OTHER_KEY)) == "unknown_key"


def test_another_key_with_a_pinned_key_id_is_refused():
    forged = json.loads(sign(PACKAGE["manifest.json"], OTHER_KEY)) | {"key_id": KEY.key_id}
    assert refusal({**PACKAGE, "manifest.sig": canonical_json(forged)}) == "bad_signature"


def test_a_pinned_key_cannot_sign_under_the_other_key_id():
    both = {**KEYS, OTHER_KEY.key_id: OTHER_KEY.public}
    assert refusal(resigned(PACKAGE, PACKAGE["manifest.json"], OTHER_KEY), keys=both) == "bad_signature"


def test_either_of_two_pinned_keys_may_sign():
    both = {**KEYS, OTHER_KEY.key_id: OTHER_KEY.public}
    assert verify(package(key=OTHER_KEY), keys=both)[0].manifest.key_id == OTHER_KEY.key_id


def test_a_signature_for_another_purpose_is_refused():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    bare = Ed25519PrivateKey.from_private_bytes(KEY.private).sign(PACKAGE["manifest.json"])
    document = {"key_id": KEY.key_id, "signature": base64.b64encode(bare).decode()}
    assert refusal({**PACKAGE, "manifest.sig": canonical_json(document)}) == "bad_signature"


@pytest.mark.parametrize(
    "keys", [{}, {str(i): bytes(32) for i in range(3)}, {"short": bytes(31)}], ids=["0", "3", "31"]
)
def test_only_one_or_two_complete_keys_can_be_pinned(keys):
    with pytest.raises(ValueError, match="public key"):
        check_keys(keys)
    with pytest.raises(ValueError, match="public key"):
        PackageVerifier(keys, LinearEngines())


def test_the_representation_of_a_private_key_hides_it():
    assert repr(KEY) == "SigningKey()"


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_a_signature_is_accepted_by_the_matching_public_key(private, manifest):
    key = SigningKey(private)
    assert check_signature(manifest, sign(manifest, key), {key.key_id: key.public}) == key.key_id
