"""Ed25519 public keys that no deployment may trust, because anybody can sign for them."""

_SIGN_BIT = 0x80
_PUBLISHED = frozenset(
    map(
        bytes.fromhex,
        (
            # RFC 8032, section 7.1: the keys of the test vectors.
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            # The keys of the tests of this repository, and the key of 32 zero bytes.
            "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
            "79b5562e8fe654f94078b112e8a98ba7901f853ae695bed7e0e3910bad049664",
            "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
        ),
    )
)
"""Public keys whose private keys are published."""
_SMALL_ORDER = frozenset(
    map(
        bytes.fromhex,
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
    )
)
"""Encodings of the points of small order, without the bit of the sign. One signature fits many messages."""


def is_untrustworthy(key: bytes) -> bool:
    """Return True for a key of 32 bytes whose private key is published, or whose point has a small order."""
    return key in _PUBLISHED or key[:-1] + bytes([key[-1] & ~_SIGN_BIT]) in _SMALL_ORDER
