"""OAuth sessions in the access table."""

from typing import Any

from vigil.access.tokens.oauth_model import Session
from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.errors import Conflict

Item = dict[str, dict[str, str]]


class DynamoSessions:
    """Sessions under `pk = SESSIONS#<tenant>`, `sk = <id>`; DynamoDB deletes them some time after `ttl`."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The access table")

    def start(self, tenant_id: str, session: Session) -> None:
        """Store a new session; raise Conflict if its id is taken (a chance of one in 2**64)."""
        texts = {name: {"S": getattr(session, name)} for name in ("key_id", "digest")}
        times = {"started_at": {"N": str(session.started_at)}, "ttl": {"N": str(session.expires_at)}}
        item = _key(tenant_id, session.session_id) | texts | times
        stored = self._table.write_if(
            "put_item",
            Item=item,
            # The second condition accepts a repeated write: the client library resends it after a lost answer.
            ConditionExpression="attribute_not_exists(pk) OR digest = :own",
            ExpressionAttributeValues={":own": item["digest"]},
        )
        if not stored:
            raise Conflict("A session with this id exists.")

    def get(self, tenant_id: str, session_id: str) -> Session | None:
        """Return a session, read consistently, or None."""
        item = self._table.get(_key(tenant_id, session_id))
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
        """Replace the digest `used` by `new`; return False if the session has ended or has another digest."""
        try:
            self._table.call(
                "update_item",
                Key=_key(tenant_id, session_id),
                UpdateExpression="SET digest = :new",
                ConditionExpression="digest = :used AND attribute_not_exists(ended)",
                ExpressionAttributeValues={":used": {"S": used}, ":new": {"S": new}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as refusal:
            # As above, the stored digest may be from an earlier attempt of this call.
            return bool(refusal.item.get("digest") == {"S": new} and "ended" not in refusal.item)
        return True

    def end(self, tenant_id: str, session_id: str, why: str) -> None:
        """End a session. The first reason remains; an unknown session is ignored."""
        self._table.write_if(
            "update_item",
            Key=_key(tenant_id, session_id),
            UpdateExpression="SET ended = if_not_exists(ended, :why)",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":why": {"S": why}},
        )


def _key(tenant_id: str, session_id: str) -> Item:
    return {"pk": {"S": f"SESSIONS#{tenant_id}"}, "sk": {"S": session_id}}
