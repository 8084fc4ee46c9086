"""Model packages in S3; pointers and the catalogue of versions in DynamoDB.

Objects: `<name>/<version:08d>/<file>`. Items: the partition `MODEL#<name>` contains `ALIAS#<alias>` and
`VERSION#<version:08d>`. The partition `MODELS` contains one item per model; `champion` is true while the model has a
champion.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vigil.aws.errors import translate_errors
from vigil.aws.tables import Table
from vigil.errors import Conflict, ModelRefused
from vigil.prediction.engines.file_limits import file_limit
from vigil.prediction.packages.ports import CHAMPION, Pointer, PublishedVersion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

_INDEX = "MODELS"
_BUCKET = "The bucket of models"
_EXISTS = ("PreconditionFailed", "ConditionalRequestConflict")


class S3PackageStore:
    """Model packages as immutable S3 objects."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, name: str, version: int, files: Mapping[str, bytes]) -> None:
        """Store a package; the manifest is stored first, so that only one of two concurrent publishers continues."""
        for file in sorted(files, key=lambda file: file != "manifest.json"):
            self._put_object(_key(name, version, file), files[file])

    def get(self, name: str, version: int, file: str) -> bytes:
        """Return the content of one file."""
        with translate_errors(_BUCKET, {"NoSuchKey": ModelRefused("missing_file", f"{file} does not exist")}):
            response = self._client.get_object(Bucket=self._bucket, Key=_key(name, version, file))
            with response["Body"] as body:
                if response["ContentLength"] > file_limit(file):
                    raise ModelRefused("oversized", f"{file} exceeds {file_limit(file)} bytes")
                return body.read()

    def _put_object(self, key: str, content: bytes) -> None:
        conflict = Conflict(f"{key} exists with other bytes; publish a newer version")
        try:
            with translate_errors(_BUCKET, dict.fromkeys(_EXISTS, conflict)):
                self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*")
        except Conflict:
            with translate_errors(_BUCKET):
                stored = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            if stored != content:
                raise


class DynamoCatalogue:
    """Pointers and published versions in one DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = Table(client, table, "The model registry")

    def pointers(self, name: str) -> Mapping[str, Pointer]:
        """Return every current alias of a model, in one read."""
        pointers = (_pointer(item) for item in self._query(f"MODEL#{name}", "ALIAS#"))
        return {pointer.alias: pointer for pointer in pointers}

    def move(self, expected: Pointer | None, new: Pointer) -> None:
        """Replace a pointer by compare-and-set on the fence; the index states if its model has a champion."""
        put = {"Item": _pointer_item(new), **_fenced(expected)}
        served = new.share is not None
        if new.alias != CHAMPION or (expected is not None and (expected.share is not None) == served):
            moved = self._table.write_if("put_item", **put)
        else:
            index = _index_update(new.name, "SET champion = :value", value=served)
            moved = self._table.transact({"Put": put}, {"Update": index}, token=uuid.uuid4().hex) is None
        if not moved:
            raise Conflict(f"another move of {new.name} {new.alias} came first; list the versions and try again")

    def model_names(self) -> list[str]:
        """Return the names of all models with a champion, sorted."""
        return [item["sk"]["S"] for item in self._query(_INDEX) if item["champion"]["BOOL"]]

    def record(self, published: PublishedVersion) -> None:
        """Record a published version and its model."""
        expression = "SET champion = if_not_exists(champion, :value)"
        self._table.call("put_item", Item=_version_item(published))
        self._table.call("update_item", **_index_update(published.name, expression, value=False))

    def published(self) -> list[str]:
        """Return the names of all models with a published version, sorted."""
        return [item["sk"]["S"] for item in self._query(_INDEX)]

    def versions(self, name: str) -> list[PublishedVersion]:
        """Return the published versions of a model, oldest first."""
        return [_version(item) for item in self._query(f"MODEL#{name}", "VERSION#")]

    def _query(self, pk: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if prefix:
            condition, values = f"{condition} AND begins_with(sk, :prefix)", values | {":prefix": {"S": prefix}}
        return self._table.items(
            "query", KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
        )


def _key(name: str, version: int, file: str) -> str:
    return f"{name}/{version:08d}/{file}"


def _fenced(expected: Pointer | None) -> dict[str, Any]:
    if expected is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "fence = :fence",
        "ExpressionAttributeValues": {":fence": {"N": str(expected.fence)}},
    }


def _index_update(name: str, expression: str, *, value: bool) -> dict[str, Any]:
    return {
        "Key": {"pk": {"S": _INDEX}, "sk": {"S": name}},
        "UpdateExpression": expression,
        "ExpressionAttributeValues": {":value": {"BOOL": value}},
    }


def _pointer_item(pointer: Pointer) -> dict[str, Any]:
    return {
        "pk": {"S": f"MODEL#{pointer.name}"},
        "sk": {"S": f"ALIAS#{pointer.alias}"},
        "version": {"N": str(pointer.version)},
        "digest": {"S": pointer.digest},
        "fence": {"N": str(pointer.fence)},
        "floor": {"N": str(pointer.floor)},
        "share": {"NULL": True} if pointer.share is None else {"N": str(pointer.share)},
    }


def _pointer(item: Mapping[str, Any]) -> Pointer:
    return Pointer(
        name=item["pk"]["S"].removeprefix("MODEL#"),
        alias=item["sk"]["S"].removeprefix("ALIAS#"),
        version=int(item["version"]["N"]),
        digest=item["digest"]["S"],
        fence=int(item["fence"]["N"]),
        floor=int(item["floor"]["N"]),
        share=int(item["share"]["N"]) if "N" in item["share"] else None,
    )


def _version_item(published: PublishedVersion) -> dict[str, Any]:
    return {
        "pk": {"S": f"MODEL#{published.name}"},
        "sk": {"S": f"VERSION#{published.version:08d}"},
        "digest": {"S": published.digest},
        "created_at": {"S": published.created_at},
        "expires_at": {"S": published.expires_at},
        "key_id": {"S": published.key_id},
        "metrics": {"S": json.dumps(dict(published.metrics), sort_keys=True)},
    }


def _version(item: Mapping[str, Any]) -> PublishedVersion:
    return PublishedVersion(
        name=item["pk"]["S"].removeprefix("MODEL#"),
        version=int(item["sk"]["S"].removeprefix("VERSION#")),
        digest=item["digest"]["S"],
        created_at=item["created_at"]["S"],
        expires_at=item["expires_at"]["S"],
        key_id=item["key_id"]["S"],
        metrics=json.loads(item["metrics"]["S"]),
    )
