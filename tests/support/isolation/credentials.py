"""Forged credentials: made of the attacker's own and known parts of another tenant's."""

import base64
import json
from collections.abc import Callable, Mapping

from tests.support.isolation.world import Names


def _keyed(own: Names, n: Names) -> str:
    """Return a key with another tenant's key id and the attacker's secret."""
    prefix, stage, _, secret = own.token.split("_", 3)
    return "_".join((prefix, stage, n.token.split("_", 3)[2], secret))


def _claiming(own: Names, n: Names, **other: str) -> str:
    """Return the attacker's access token with another tenant's claims under the original signature."""
    header, payload, signature = own.access_token.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = said | {claim: getattr(n, name) for claim, name in other.items()}
    encoded = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    return f"{header}.{encoded}.{signature}"


CREDENTIALS: Mapping[str, Callable[[Names, Names], str]] = {
    "their key id, my secret": lambda own, n: f"Bearer {_keyed(own, n)}",
    "their key cut short": lambda _, n: f"Bearer {n.token[:-9]}",
    "their key on another stage": lambda _, n: f"Bearer {n.token.replace('_local_', '_prod_')}",
    "their key id": lambda _, n: f"Bearer {n.key_id}",
    "their refresh token": lambda _, n: f"Bearer {n.refresh_token}",
    "my claims, their tenant": lambda own, n: f"Bearer {_claiming(own, n, tenant_id='tenant_id')}",
    "my claims, their key": lambda own, n: f"Bearer {_claiming(own, n, sub='key_id', client_id='key_id')}",
    "their claims, my signature": lambda own, n: (
        f"Bearer {n.access_token.rpartition('.')[0]}.{own.access_token.rpartition('.')[2]}"
    ),
    "my token and their name": lambda own, n: f"Bearer {own.token} {n.tenant_id}",
    "two in one": lambda own, n: f"Bearer {own.token},{n.token[:-9]}",
    "another scheme": lambda _, n: f"Basic {n.token[:-9]}",
}
"""Authorization headers by their forgery, from the attacker's and the other tenant's names."""
