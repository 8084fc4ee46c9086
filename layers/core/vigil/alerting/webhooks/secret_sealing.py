"""Encryption of the secrets of webhooks, with the key of the secrets of channels."""

from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.ports import UnreadableSecrets
from vigil.alerting.channels.sealing import Sealing
from vigil.alerting.webhooks.ports import UnreadableSecret

_FIELD = "secret"


class WebhookSealing:
    """Encrypts the secrets of all webhooks. A sealed secret opens only for its own tenant and webhook.

    It is sealed like the secrets of a channel with the same id.
    """

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def seal(self, tenant_id: str, webhook_id: str, secret: str) -> bytes:
        """Return the encrypted secret. Raises Unavailable if the key is not available."""
        return self._sealing.seal(tenant_id, webhook_id, {_FIELD: secret})

    def open(self, tenant_id: str, webhook_id: str, sealed: bytes) -> str:
        """Return the secret. Raises UnreadableSecret, and Unavailable if the key is not available."""
        try:
            return self._sealing.open(Channel(tenant_id, webhook_id, "webhook", "", {}, sealed))[_FIELD]
        except (KeyError, UnreadableSecrets) as error:
            raise UnreadableSecret from error
