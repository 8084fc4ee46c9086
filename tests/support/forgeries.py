"""Thousands of invalid access tokens, derived from a valid one with a fixed seed."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from jwt.algorithms import ECAlgorithm

from vigil.access.tokens.signing_keys_service import generate_private_key

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FORGERY_KINDS = (
    "flipped",
    "unsigned",
    "confused",
    "strangers",
    "headers",
    "kids",
    "claims",
    "times",
    "shapes",
    "spelled",
)
KIDS: tuple[Any, ...] = ("", "0" * 16, "../../dev/null", "x' OR '1'='1", "\x00", None, 7, ["a"], {"a": 1}, "A" * 4000)
WRONG: tuple[Any, ...] = (None, True, 1, -1, 1.5, "", "x", [], ["urn:vigil:local:api"], {}, 10**30, "operator", "1")
URL_HEADERS = ("jku", "x5u", "jwk", "x5c", "x5t", "cty", "zip", "enc", "b64", "")


class TokenForger:
    """Derives invalid tokens from a valid one and its private key, so no attacker could forge better ones."""

    def __init__(self, good: str, pem: str, seed: int = 1) -> None:
        self.good = good
        self.header, self.payload, self.signature = good.split(".")
        self.body = json.loads(decoded(self.payload))
        self.kid = json.loads(decoded(self.header))["kid"]
        self.key = _private_key(pem)
        self.stranger = _private_key(generate_private_key())
        self.random = Random(seed)

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield the kind and text of every forged token."""
        return ((kind, token) for kind in FORGERY_KINDS for token in getattr(self, kind)())

    def flipped(self) -> Iterator[str]:
        """Tokens with one to three flipped bits in the text, or one in the bytes of the signature."""
        for number in range(1500):
            raw = bytearray(self.good.encode())
            for place in self.random.sample(range(len(raw)), 1 + number % 3):
                raw[place] ^= 1 << self.random.randrange(7)
            yield raw.decode()
        for bit in range(512):
            raw = bytearray(decoded(self.signature))
            raw[bit // 8] ^= 1 << bit % 8
            yield f"{self.header}.{self.payload}.{encoded(bytes(raw))}"

    def unsigned(self) -> Iterator[str]:
        """Tokens with the algorithm `none` in several spellings."""
        for alg in ("none", "None", "NONE", "nOnE", "", "null", None):
            for typ in ("at+jwt", "JWT"):
                start = self.start({"alg": alg, "kid": self.kid, "typ": typ})
                yield from (start + end for end in (".", "", "." + self.signature, ".AA", "." + "A" * 86))

    def confused(self) -> Iterator[str]:
        """Tokens with an HMAC under each form of the public key that a library could use as a secret."""
        public, der = self.key.public_key(), serialization.PublicFormat.SubjectPublicKeyInfo
        point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        pem = public.public_bytes(serialization.Encoding.PEM, der)
        known = (
            pem,
            pem.strip(),
            public.public_bytes(serialization.Encoding.DER, der),
            point,
            self.kid.encode(),
            b"\0",
        )
        for alg, digest in (("HS256", hashes.SHA256()), ("HS384", hashes.SHA384()), ("HS512", hashes.SHA512())):
            for secret in known:
                for declared in (alg, "ES256"):
                    start = self.start({"alg": declared, "kid": self.kid, "typ": "at+jwt"})
                    mac = hmac.HMAC(secret, digest)
                    mac.update(start.encode())
                    yield f"{start}.{encoded(mac.finalize())}"

    def strangers(self) -> Iterator[str]:
        """Tokens with a valid signature of another key, some with that key in the header."""
        jwk = json.loads(ECAlgorithm.to_jwk(self.stranger.public_key()))
        carried: tuple[dict[str, Any], ...] = (
            {},
            {"jwk": jwk},
            {"jku": "https://e.example/k"},
            {"x5u": "https://e.example/c"},
            {"x5c": ["MIIB"]},
        )
        for number in range(300):
            header = {"alg": "ES256", "kid": self.kid, "typ": "at+jwt", **carried[number % 5]}
            payload = encoded(json.dumps(self.body | {"jti": f"{number:032x}"}).encode())
            yield self.signed(encoded(json.dumps(header, separators=(",", ":")).encode()), payload, self.stranger)

    def headers(self) -> Iterator[str]:
        """Tokens with a valid signature but a header that the issuer never writes."""
        ours = {"alg": "ES256", "kid": self.kid, "typ": "at+jwt"}
        crits: tuple[dict[str, Any], ...] = (
            {"crit": ["exp"], "exp": 1},
            {"crit": []},
            {"crit": ["b64"], "b64": False},
            {"crit": "exp"},
        )
        for more in (*crits, *({name: "https://e.example/"} for name in URL_HEADERS)):
            yield self.with_header(ours | more)
        for typ in ("JWT", "jwt", "AT+JWT", "application/at+jwt", "id+jwt", None, ""):
            yield self.with_header(ours | {"typ": typ})
        for alg in (
            "none",
            "HS256",
            "ES384",
            "ES512",
            "ES256K",
            "RS256",
            "EdDSA",
            "es256",
            "ES256 ",
            None,
            1,
            ["ES256"],
        ):
            yield self.with_header(ours | {"alg": alg})
        others: tuple[Any, ...] = ({}, [], None, "ES256", 1, {"alg": "ES256"}, {"kid": self.kid})
        yield from (self.with_header(header) for header in others)
        spelled = json.dumps(ours).encode(), decoded(self.header) + b" ", b'{"alg":"none",' + decoded(self.header)[1:]
        yield from (self.signed(encoded(text), self.payload) for text in spelled)

    def kids(self) -> Iterator[str]:
        """Tokens with an unknown key id."""
        unknown = (f"{self.random.getrandbits(64):016x}" for _ in range(300))
        for kid in (*KIDS, self.kid + "x", self.kid[:-1], self.kid + "\n", self.kid + "\0", *unknown):
            yield self.with_header({"alg": "ES256", "kid": kid, "typ": "at+jwt"})

    def claims(self) -> Iterator[str]:
        """Tokens with a valid signature but a missing claim, a wrong value or a wrong type."""
        for name in ("exp", "iat", "aud", "iss", "sub", "jti", "tenant_id", "role"):
            yield self.with_claims({other: value for other, value in self.body.items() if other != name})
            yield from (self.with_claims(self.body | {name: value}) for value in WRONG if not (name == "jti" and value))
        foreign = {"iss": ["urn:vigil:prod", "urn:vigil", ""], "aud": ["urn:vigil:prod:api", "urn:vigil:local"]}
        foreign |= {"tenant_id": ["globex", "ACME"], "role": ["operator", "admin", "viewer"], "sub": ["f" * 16, "vgl_"]}
        yield from (self.with_claims(self.body | {name: value}) for name, values in foreign.items() for value in values)
        yield from (
            self.signed(self.header, encoded(text)) for text in (b"", b"[]", b"null", b'"x"', b"{", b"\xff", b"1")
        )

    def times(self) -> Iterator[str]:
        """Expired tokens, tokens from the future, and tokens with a too long lifetime."""
        now = self.body["iat"]
        for number in range(300):
            late, early = self.random.randrange(60, 10**6), self.random.randrange(60, 10**6)
            yield self.with_claims(self.body | {"iat": now - 900 - late, "exp": now - late})
            yield self.with_claims(self.body | {"iat": now + early, "exp": now + early + 900})
            yield self.with_claims(
                self.body | {"exp": now + 901 + number} if number % 2 else self.body | {"nbf": now + early}
            )

    def shapes(self) -> Iterator[str]:
        """Tokens without exactly three segments, with invalid signatures, or with too many characters."""
        h, p, s = self.header, self.payload, self.signature
        yield from (
            "",
            ".",
            "..",
            "...",
            h,
            f"{h}.{p}",
            f"{h}.{p}.",
            f".{p}.{s}",
            f"{h}..{s}",
            f"{h}.{p}.{s}.",
            f"..{s}",
        )
        yield from (
            f"{h}.{p}.{s}.{s}",
            f"{h}.{p}.{s}.{s}.{s}",
            f"{h}.{p}.{s},{h}.{p}.{s}",
            f"{h}.{p}.{s} x",
            f"{s}.{p}.{h}",
        )
        yield json.dumps({"protected": h, "payload": p, "signature": s})
        yield from (self.with_claims(self.body | {"pad": "x" * size}) for size in (2_000, 10_000, 100_000))
        yield from (character * 2**size for size in range(4, 17) for character in ("A", "."))
        r, s_ = (int.from_bytes(part, "big") for part in (decoded(s)[:32], decoded(s)[32:]))
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        for pair in ((0, 0), (r, 0), (0, s_), (s_, r), (order, order), (order - r, s_), (r, order), (2**256 - 1, s_)):
            yield f"{h}.{p}." + encoded(b"".join(number.to_bytes(32, "big") for number in pair))
        yield f"{h}.{p}." + encoded(utils.encode_dss_signature(r, s_))

    def spelled(self) -> Iterator[str]:
        """The same bytes in another base64 spelling: spare bits, padding, another alphabet, white space."""
        for segment, rest in ((0, 4), (1, 4), (2, 4)):
            parts = self.good.split(".")
            last = ALPHABET.index(parts[segment][-1])
            spare = {0: 1, 2: 16, 3: 4}[len(parts[segment]) % rest]
            for bits in range(1, spare):
                other = [*parts]
                other[segment] = parts[segment][:-1] + ALPHABET[last | bits]
                yield ".".join(other)
            # White space around the whole credential belongs to the header, so it is not tested here.
            for end in ("=", "==", "A", "AAAA", *(("\n", " ") if segment < 2 else ())):
                yield ".".join([*parts[:segment], parts[segment] + end, *parts[segment + 1 :]])
        yield from (self.good.replace(".", other) for other in ("%2E", "。", ". ", "\t.", ".."))

    def with_claims(self, claims: Any) -> str:
        """Return a token with the valid header and other claims, signed by the issuer's key."""
        return self.signed(self.header, encoded(json.dumps(claims).encode()))

    def with_header(self, header: Any) -> str:
        """Return a token with another header and the valid claims, signed by the issuer's key."""
        return self.signed(encoded(json.dumps(header, separators=(",", ":")).encode()), self.payload)

    def signed(self, header: str, payload: str, key: ec.EllipticCurvePrivateKey | None = None) -> str:
        der = (key or self.key).sign(f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
        raw = b"".join(number.to_bytes(32, "big") for number in utils.decode_dss_signature(der))
        return f"{header}.{payload}.{encoded(raw)}"

    def start(self, header: Any) -> str:
        return f"{encoded(json.dumps(header).encode())}.{self.payload}"


def _private_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
