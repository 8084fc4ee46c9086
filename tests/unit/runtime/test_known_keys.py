"""Keys with which anybody could sign models are known: published ones, and points of small order."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vigil.runtime.known_keys import is_untrustworthy

RFC_8032_PRIVATE_KEYS = (
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
)


@pytest.mark.parametrize(
    "private",
    [*map(bytes.fromhex, RFC_8032_PRIVATE_KEYS), bytes(32), bytes(range(32)), bytes(range(1, 33))],
    ids=lambda private: private.hex()[:8],
)
def test_key_whose_private_key_is_published_is_untrustworthy(private):
    assert is_untrustworthy(Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())


SMALL_ORDER = (
    "01" + 31 * "00",
    32 * "00",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ec" + 30 * "ff" + "7f",
    "ed" + 30 * "ff" + "7f",
    "ee" + 30 * "ff" + "7f",
)
PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME


def points_of(y):
    """Return the affine points of edwards25519 with this y."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != square:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    return {(root, y), (-root % PRIME, y)} if root * root % PRIME == square else set()


def doubled(point):
    """Return twice a point of edwards25519 (RFC 8032, section 5.1.4, in affine coordinates)."""
    x, y = point
    product = D * x * x * y * y
    twice_x = 2 * x * y * pow(1 + product, -1, PRIME)
    return twice_x % PRIME, (y * y + x * x) * pow(1 - product, -1, PRIME) % PRIME


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("encoded", SMALL_ORDER)
def test_point_whose_eightfold_is_the_identity_is_untrustworthy(encoded, sign):
    key = bytes.fromhex(encoded)
    found = points_of(int.from_bytes(key, "little") % PRIME)
    assert {doubled(doubled(doubled(point))) for point in found} == {(0, 1)}
    assert is_untrustworthy(key[:-1] + bytes([key[-1] | sign]))


def test_new_key_is_trustworthy():
    assert not is_untrustworthy(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
