"""Signing keys: private keys are unreadable to others, and a rotation leaves the previous key trusted."""

import pytest

from cli import keys
from vigil.errors import Conflict, NotFound
from vigil.prediction.packages.signing import check_signature, sign


def test_a_new_key_is_private_and_its_public_key_is_pinned(tmp_path):
    key = keys.create_signing_key(tmp_path / "keys")
    assert (tmp_path / "keys" / keys.PRIVATE).stat().st_mode & 0o777 == 0o600
    assert keys.load_signing_key(tmp_path / "keys") == key
    assert keys.load_public_keys(tmp_path / "keys") == {key.key_id: key.public}


def test_an_existing_key_is_not_overwritten(tmp_path):
    key = keys.create_signing_key(tmp_path)
    with pytest.raises(Conflict):
        keys.create_signing_key(tmp_path)
    assert keys.load_signing_key(tmp_path) == key


def test_a_rotation_trusts_the_new_and_the_previous_key_only(tmp_path):
    first, second, third = (
        keys.create_signing_key(tmp_path),
        keys.create_signing_key(tmp_path, rotate=True),
        keys.create_signing_key(tmp_path, rotate=True),
    )
    assert keys.load_signing_key(tmp_path) == third
    assert list(keys.load_public_keys(tmp_path)) == [third.key_id, second.key_id]
    assert check_signature(b"{}", sign(b"{}", second), keys.load_public_keys(tmp_path)) == second.key_id
    assert first.key_id not in keys.load_public_keys(tmp_path)


def test_a_missing_key_is_reported_as_not_found(tmp_path):
    with pytest.raises(NotFound, match="vigil models keygen"):
        keys.load_signing_key(tmp_path)
    with pytest.raises(NotFound, match="vigil models keygen"):
        keys.load_public_keys(tmp_path)
