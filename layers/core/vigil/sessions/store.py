"""Sessions in DynamoDB."""

from typing import Any, TypeGuard

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Conflict, Unavailable
from vigil.sessions.model import Session

Item = dict[str, dict[str, str]]


class DynamoSessions:
    """Sessions: `pk = SESSIONS#<tenant>`, `sk = <id>`; DynamoDB deletes them some time after `ttl`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def start(self, tenant_id: str, session: Session) -> None:
        """Store a new session; raise Conflict on the one in 2**64 chance that its id is taken."""
        texts = {name: {"S": getattr(session, name)} for name in ("key_id", "digest")}
        times = {"started_at": {"N": str(session.started_at)}, "ttl": {"N": str(session.expires_at)}}
        item = _key(tenant_id, session.session_id) | texts | times
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                # The second half is our own write, whose answer was lost and which the client library sent again.
                ConditionExpression="attribute_not_exists(pk) OR digest = :own",
                ExpressionAttributeValues={":own": item["digest"]},
            )
        except (BotoCoreError, ClientError) as error:
            if _refused(error):
                raise Conflict("That id is taken.") from error
            raise Unavailable("The access table did not answer.") from error

    def get(self, tenant_id: str, session_id: str) -> Session | None:
        """Return a session, read consistently, or None."""
        key = _key(tenant_id, session_id)
        try:
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The access table did not answer.") from error
        if not item:
            return None
        return Session(
            session_id=session_id,
            tenant_id=tenant_id,
            key_id=item["key_id"]["S"],
            digest=item["digest"]["S"],
            started_at=int(item["started_at"]["N"]),
            expires_at=int(item["ttl"]["N"]),
            ended=item["ended"]["S"] if "ended" in item else None,
        )

    def advance(self, tenant_id: str, session_id: str, used: str, new: str) -> bool:
        """Replace the digest `used` by `new`; return False if the session has ended or another digest is there."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(tenant_id, session_id),
                UpdateExpression="SET digest = :new",
                ConditionExpression="digest = :used AND attribute_not_exists(ended)",
                ExpressionAttributeValues={":used": {"S": used}, ":new": {"S": new}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except (BotoCoreError, ClientError) as error:
            if not _refused(error):
                raise Unavailable("The access table did not answer.") from error
            # As above: what stands there may be what this very call has written.
            there: Any = error.response.get("Item", {})
            return bool(there.get("digest") == {"S": new} and "ended" not in there)
        return True

    def end(self, tenant_id: str, session_id: str, why: str) -> None:
        """End a session; the first reason stays, and a session that is not there is none to end."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(tenant_id, session_id),
                UpdateExpression="SET ended = if_not_exists(ended, :why)",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":why": {"S": why}},
            )
        except (BotoCoreError, ClientError) as error:
            if not _refused(error):
                raise Unavailable("The access table did not answer.") from error


def _key(tenant_id: str, session_id: str) -> Item:
    return {"pk": {"S": f"SESSIONS#{tenant_id}"}, "sk": {"S": session_id}}


def _refused(error: Exception) -> TypeGuard[ClientError]:
    """Say whether it was the condition that refused a write."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ConditionalCheckFailedException"
