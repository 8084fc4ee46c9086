"""Signing keys: private ones stay private, and a rotation leaves the previous one trusted."""

import pytest

from cli import keys
from vigil.errors import Conflict, NotFound
from vigil.prediction.packages.signing import check_signature, sign


def test_a_new_key_is_readable_by_its_owner_only_and_its_public_half_is_pinned(tmp_path):
    key = keys.create_signing_key(tmp_path / "keys")
    assert (tmp_path / "keys" / keys.PRIVATE).stat().st_mode & 0o777 == 0o600
    assert keys.load_signing_key(tmp_path / "keys") == key
    assert keys.load_public_keys(tmp_path / "keys") == {key.key_id: key.public}


def test_an_existing_key_is_not_replaced_by_accident(tmp_path):
    key = keys.create_signing_key(tmp_path)
    with pytest.raises(Conflict):
        keys.create_signing_key(tmp_path)
    assert keys.load_signing_key(tmp_path) == key


def test_rotation_signs_with_the_new_key_and_trusts_the_one_before_but_not_the_first(tmp_path):
    first, second, third = (
        keys.create_signing_key(tmp_path),
        keys.create_signing_key(tmp_path, rotate=True),
        keys.create_signing_key(tmp_path, rotate=True),
    )
    assert keys.load_signing_key(tmp_path) == third
    assert list(keys.load_public_keys(tmp_path)) == [third.key_id, second.key_id]
    assert check_signature(b"{}", sign(b"{}", second), keys.load_public_keys(tmp_path)) == second.key_id
    assert first.key_id not in keys.load_public_keys(tmp_path)


def test_a_missing_key_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="vigil models keygen"):
        keys.load_signing_key(tmp_path)
    with pytest.raises(NotFound, match="vigil models keygen"):
        keys.load_public_keys(tmp_path)
