"""Port: verification of access tokens."""

from typing import Protocol

from vigil.access.tokens.signing_keys_model import Claims


class AccessTokens(Protocol):
    """Access tokens, as whoever issues them can tell theirs."""

    def verify(self, text: str) -> Claims:
        """Return what a token says; raise Unauthenticated for any but a living one of ours."""
        ...
