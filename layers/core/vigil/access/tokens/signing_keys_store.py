"""Public keys in DynamoDB, private keys in Secrets Manager."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from vigil.access.tokens.signing_keys_model import CACHE_SECONDS, PublicKey, SigningKeySet
from vigil.aws.errors import translate_errors
from vigil.aws.secrets import Secret
from vigil.aws.tables import Table
from vigil.errors import Conflict, NotFound
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache

Item = dict[str, dict[str, str]]
_STORE = "The secret store"
_RULES = CacheRules(timedelta(seconds=CACHE_SECONDS))
"""Cache times of the key set, without `stale_for`: a deleted key verifies no token after them."""
_KEY_LIST: Item = {"pk": {"S": "SIGNING_KEYS"}, "sk": {"S": "META"}}


class DynamoSigningKeySet:
    """The published keys in one item: `pk = SIGNING_KEYS`, `sk = META`."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime], observer: CacheObserver) -> None:
        self._table = Table(client, table, "The access table")
        self._cache: LastKnownCache[str, SigningKeySet] = LastKnownCache(
            "signing-keys", _RULES, clock, observer, is_kept=lambda found: bool(found.keys)
        )

    def current(self) -> SigningKeySet:
        """Return the key set, at most `CACHE_SECONDS` old; an empty set is not cached."""
        return self._cache.get(self._table.name, self.read)

    def read(self) -> SigningKeySet:
        """Return the stored key set, without a cache."""
        item = self._table.get(_KEY_LIST)
        if not item:
            return SigningKeySet()
        return SigningKeySet(
            tuple(PublicKey(**key) for key in json.loads(item["keys"]["S"])), int(item["revision"]["N"])
        )

    def write(self, keys: SigningKeySet) -> None:
        """Replace the key set; raise Conflict if its revision is not the stored one."""
        text = json.dumps([asdict(key) for key in keys.keys], separators=(",", ":"))
        stored = self._table.write_if(
            "put_item",
            Item=_KEY_LIST | {"keys": {"S": text}, "revision": {"N": str(keys.revision + 1)}},
            ConditionExpression="attribute_not_exists(pk) OR revision = :read",
            ExpressionAttributeValues={":read": {"N": str(keys.revision)}},
        )
        if not stored:
            raise Conflict("The keys were changed by another rotation.")

    def delete(self) -> None:
        """Delete the key set. After the caches expire no key is accepted; the next published key signs at once."""
        self._table.call("delete_item", Key=_KEY_LIST)


class SecretPrivateKeys:
    """The private keys for signers: `{"<key id>": "<PEM>"}`."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def private_keys(self) -> Mapping[str, str]:
        """Return PEM by key id."""
        return self._secret.values()


class SecretKeyVault:
    """Rings of private keys, as versions of one secret. Staging labels of Secrets Manager mark current and pending."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    def current(self) -> Mapping[str, str]:
        """Return the ring that signers use."""
        return self._ring(VersionStage="AWSCURRENT") or {}

    def pending(self, version: str) -> Mapping[str, str] | None:
        """Return the ring of a version, or None if it has none yet."""
        return self._ring(VersionId=version)

    def add(self, version: str, ring: Mapping[str, str]) -> None:
        """Store a ring as the pending version."""
        self._call("put_secret_value", ClientRequestToken=version, SecretString=json.dumps(ring),
                   VersionStages=["AWSPENDING"])  # fmt: skip

    def promote(self, version: str) -> None:
        """Make the pending version the current one; raise Conflict if it is neither pending nor current."""
        stages = self._call("describe_secret")["VersionIdsToStages"]
        current = next(known for known, labels in stages.items() if "AWSCURRENT" in labels)
        if current == version:
            return
        if "AWSPENDING" not in stages.get(version, ()):
            raise Conflict("The version is not pending: a newer rotation has replaced it.")
        self._call("update_secret_version_stage", VersionStage="AWSCURRENT", MoveToVersionId=version,
                   RemoveFromVersionId=current)  # fmt: skip

    def _ring(self, **version: str) -> dict[str, str] | None:
        try:
            with translate_errors(
                _STORE, {"ResourceNotFoundException": NotFound("There is no such version of the secret.")}
            ):
                answer = self._client.get_secret_value(SecretId=self._arn, **version)
        except NotFound:
            return None
        ring: dict[str, str] = json.loads(answer["SecretString"])
        return ring

    def _call(self, operation: str, **arguments: Any) -> Any:
        with translate_errors(_STORE):
            return getattr(self._client, operation)(SecretId=self._arn, **arguments)
