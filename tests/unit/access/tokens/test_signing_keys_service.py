"""Signatures of access tokens."""

import jwt
import pytest

from vigil.access.tokens.signing_keys_model import Issuer, TokenClaims
from vigil.access.tokens.signing_keys_service import ALGORITHM, generate_private_key, public_coordinates, sign_claims

CLAIMS = TokenClaims("token", "key", "acme", "member", 1_000, 1_600)
ISSUER = Issuer("test")


@pytest.fixture(scope="module")
def pem():
    return generate_private_key()


def test_the_same_claims_have_the_same_signature(pem):
    # A random nonce that two copies of one snapshot share would reveal the private key.
    assert sign_claims(CLAIMS, ISSUER, "k", pem) == sign_claims(CLAIMS, ISSUER, "k", pem)


def test_a_signature_verifies_with_a_library(pem):
    x, y = public_coordinates(pem)
    key = jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": x, "y": y}, ALGORITHM).key
    for number in range(50):
        token = sign_claims(TokenClaims(f"token-{number}", *("key", "acme", "member"), 1_000, 1_600), ISSUER, "k", pem)
        read = jwt.decode(token, key, [ALGORITHM], {"verify_exp": False}, audience=ISSUER.audience)
        assert read["jti"] == f"token-{number}"
        assert jwt.get_unverified_header(token) == {"alg": ALGORITHM, "kid": "k", "typ": "at+jwt"}
