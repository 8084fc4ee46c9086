"""Older rows in their tables and files. A subject was named by 40 hexadecimal digits instead of a pseudonym."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from vigil.aws.tables import Item, Table
from vigil.kernel.pseudonyms import PSEUDONYM_PREFIX, TenantKey


class StoredFile(Protocol):
    """A version of a stored file."""

    @property
    def key(self) -> str:
        """Key of the file."""
        ...

    @property
    def version(self) -> str:
        """Version of the file."""
        ...

    @property
    def latest(self) -> bool:
        """True for the latest version."""
        ...


class ListFiles(Protocol):
    """Files of batches."""

    def list_versions(self, prefix: str, /) -> Iterator[StoredFile]:
        """Yield the versions of the files with a prefix."""
        ...

    def read(self, key: str, version: str, start: int, length: int, /) -> bytes:
        """Return the content of a version."""
        ...

    def put(self, key: str, content: bytes, metadata: dict[str, str], /) -> None:
        """Store a file."""
        ...

    def delete_versions(self, versions: Sequence[Any], /) -> None:
        """Delete versions of files."""
        ...


class DecisionRows:
    """Rows of the decision ledger: the subject, and the fingerprint of the request."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The decision ledger")

    def convert(self, key: TenantKey) -> int:
        """Convert the tenant's rows that the index lists, and return their number."""
        pages = self._table.pages(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="tenant_pk = :tenant",
            ExpressionAttributeValues={":tenant": {"S": key.tenant_id}},
            ProjectionExpression="pk",
        )
        return sum(self._convert(item, key) for page in pages for item in self._table.get_many(page["Items"]))

    def _convert(self, item: Item, key: TenantKey) -> bool:
        old = item.get("subject_pk", {}).get("S", "")
        tenant_id, _, digest = old.partition("#")
        if not digest or digest.startswith(PSEUDONYM_PREFIX):
            return False
        values = {":old": {"S": old}, ":subject": {"S": f"{tenant_id}#{key.convert_subject_digest(digest)}"}}
        change = "SET subject_pk = :subject"
        if fingerprint := item.get("fingerprint", {}).get("S"):
            change += ", fingerprint = :fingerprint"
            values[":fingerprint"] = {"S": key.convert_digest(fingerprint)}
        return self._table.write_if(
            "update_item",
            Key={"pk": item["pk"]},
            UpdateExpression=change,
            ConditionExpression="subject_pk = :old",
            ExpressionAttributeValues=values,
        )


class PersonItems:
    """Consents, erasures and certificates of persons. A certificate moves with its signed text unchanged."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The subjects table")

    def convert(self, key: TenantKey) -> int:
        """Move the tenant's items under the pseudonyms of their persons, and return their number."""
        items = self._table.items(
            "scan",
            FilterExpression="begins_with(pk, :tenant) AND NOT begins_with(pk, :converted)",
            ExpressionAttributeValues={
                ":tenant": {"S": f"{key.tenant_id}#"},
                ":converted": {"S": f"{key.tenant_id}#{PSEUDONYM_PREFIX}"},
            },
            ConsistentRead=True,
        )
        return sum(self._move(item, key) for item in items)

    def _move(self, item: Item, key: TenantKey) -> bool:
        old = item["pk"]["S"]
        subject = key.convert_subject_digest(old.partition("#")[2])
        moved = {name: value for name, value in item.items() if name != "subject_id"} | {
            "pk": {"S": f"{key.tenant_id}#{subject}"},
            **({"list_sk": {"S": f"{key.tenant_id}#{subject}"}} if "list_sk" in item else {}),
            **({"subject": {"S": subject}} if "subject_id" in item else {}),
        }
        delete = {"Key": {"pk": item["pk"], "sk": item["sk"]}, "ConditionExpression": "attribute_exists(pk)"}
        return self._table.transact({"Put": {"Item": moved}}, {"Delete": delete}) is None


class UsageEventRows:
    """Usage events, which had the producer's own texts beside the digest of them."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The usage table")

    def convert(self, key: TenantKey) -> int:
        """Remove the producer's texts from the tenant's events, and return the number of events."""
        items = self._table.items(
            "scan",
            FilterExpression="begins_with(pk, :events) AND attribute_exists(event_id)",
            ExpressionAttributeValues={":events": {"S": f"{key.tenant_id}#evt_"}},
            ProjectionExpression="pk, sk",
            ConsistentRead=True,
        )
        return sum(self._reduce(item) for item in items)

    def _reduce(self, item: Item) -> bool:
        return self._table.write_if(
            "update_item",
            Key=item,
            UpdateExpression="REMOVE #source, event_id",
            ConditionExpression="attribute_exists(event_id)",
            ExpressionAttributeNames={"#source": "source"},
        )


class WithdrawnLists:
    """Lists of subjects with a withdrawn consent, which running batches read."""

    def __init__(self, files: ListFiles) -> None:
        self._files = files

    def convert(self, key: TenantKey) -> int:
        """Store the tenant's lists with pseudonyms, and return the number of lists."""
        stored = self._files.list_versions(f"plain/{key.tenant_id}/")
        lists = [each for each in stored if each.key.rpartition("/")[2].startswith("withdrawn.")]
        self._files.delete_versions([each for each in lists if not each.latest])  # an interrupted run has left them
        return sum(self._convert(each, key) for each in lists if each.latest)

    def _convert(self, stored: StoredFile, key: TenantKey) -> bool:
        names = self._files.read(stored.key, stored.version, 0, -1).decode().split()
        if all(name.startswith(PSEUDONYM_PREFIX) for name in names):
            return False
        converted = [name if name.startswith(PSEUDONYM_PREFIX) else key.convert_subject_digest(name) for name in names]
        self._files.put(stored.key, "\n".join(sorted(converted)).encode(), {})
        self._files.delete_versions([stored])
        return True
