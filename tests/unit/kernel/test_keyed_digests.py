"""Keyed digests equal the HMAC of the standard library."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.kernel.keyed_digests import keyed_digests


@given(st.binary(max_size=64), st.lists(st.binary(max_size=300), max_size=3))
def test_a_keyed_digest_is_the_hmac_of_the_standard_library(secret, contents):
    expected = [hmac.digest(secret, content, "sha256").hex() for content in contents]
    assert keyed_digests(secret, contents) == expected
    assert keyed_digests(secret, contents) == expected  # a prepared key stays unchanged


def test_a_secret_longer_than_a_block_is_refused():
    with pytest.raises(ValueError, match="64 bytes"):
        keyed_digests(bytes(65), [b""])
