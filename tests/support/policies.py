"""Decisions of IAM about the AWS calls of a function, by the policies of its role: MiniStack and moto do not ask it.

Evaluated are actions, the tables and buckets that they name, and `dynamodb:LeadingKeys`, as IAM evaluates them:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import yaml

from functions.build import folder
from tests.support.tables import TABLES
from tests.support.templates import DISTRICTS

BUCKETS = {
    "files": "arn:${AWS::Partition}:s3:::${BatchesBucket}",
    "packages": "arn:${AWS::Partition}:s3:::${PackagesBucket}",
}
_ARNS = {name: f"${{Tables}}/${{{logical_id}Table}}" for logical_id, name in TABLES.items()}
_EQUALS = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "ForAllValues:StringEquals": str.__eq__,
    "ForAllValues:StringLike": fnmatchcase,
}
_OF_A_PART = {
    **{name: f"{name}Item" for name in ("Get", "Put", "Update", "Delete")},
    "ConditionCheck": "ConditionCheckItem",
}
_OF_OBJECTS = {
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "DeleteObjects": "DeleteObject",
    "HeadObject": "GetObject",
    **dict.fromkeys(("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"), "PutObject"),
}


@dataclass(frozen=True)
class Ask:
    """A request to IAM: an action, the resource if it is known, and the leading keys of its items if there are any."""

    action: str
    resource: str | None = None
    leading: tuple[str, ...] = ()


class Loader(yaml.CSafeLoader):
    """YAML whose references are texts: `!Ref X` is `${X}`, and `!Sub` what it is."""


def _text(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    text = loader.construct_scalar(node)
    return text if suffix == "Sub" else f"${{{text}}}"


Loader.add_multi_constructor("!", _text)


@cache
def statements() -> Mapping[str, list[dict[str, Any]]]:
    """Return the statements of each function's role, by the function's folder."""
    districts = [yaml.load(path.read_text(), Loader)["Resources"] for path in DISTRICTS]  # noqa: S506 - a SafeLoader
    return {
        folder(name.removesuffix("Role")): [
            statement
            for policy in role["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        for district in districts
        for name, role in district.items()
        if role["Type"] == "AWS::IAM::Role"
    }


def allows(function: str, ask: Ask) -> bool:
    """Say whether some statement of a function's role allows what is asked."""
    return any(_allows(statement, ask) for statement in statements()[function])


def _allows(statement: Mapping[str, Any], ask: Ask) -> bool:
    resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    if ask.action not in statement["Action"]:
        return False
    if ask.resource is not None and not any(fnmatchcase(ask.resource, pattern) for pattern in resources):
        return False
    return all(
        any(_OPERATORS[operator](key, pattern) for pattern in known["dynamodb:LeadingKeys"])
        for operator, known in statement.get("Condition", {}).items()
        for key in ask.leading
    )


def asked(service: str, operation: str, arguments: Mapping[str, Any]) -> Iterator[Ask]:
    """Yield what IAM is asked for one call."""
    if service == "dynamodb":
        yield from _of_tables(operation, arguments)
    elif service == "s3":
        yield from _of_objects(operation, arguments)
    else:
        # Calls on many messages need the right to the call on one; streams are DynamoDB's.
        name = operation.removesuffix("Batch") if service == "sqs" else operation
        yield Ask(f"{service.removesuffix('streams')}:{name}")


def _of_tables(operation: str, arguments: Mapping[str, Any]) -> Iterator[Ask]:
    if "TransactItems" in arguments:
        for entry in arguments["TransactItems"]:
            for kind, part in entry.items():
                yield from _of_tables(_OF_A_PART[kind], part)
    elif "RequestItems" in arguments:
        for table, wanted in arguments["RequestItems"].items():
            keys = wanted["Keys"] if "Keys" in wanted else [r["DeleteRequest"]["Key"] for r in wanted]
            yield Ask(f"dynamodb:{operation}", _ARNS[table], tuple(key["pk"]["S"] for key in keys))
    else:
        index = f"/index/{arguments['IndexName']}" if "IndexName" in arguments else ""
        yield Ask(f"dynamodb:{operation}", _ARNS[arguments["TableName"]] + index, _leading(operation, arguments))


def _leading(operation: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    if operation == "Scan":
        return ()
    if operation == "Query":
        value = _EQUALS.search(arguments["KeyConditionExpression"])[2]  # type: ignore[index]  # every query has one
        return (arguments["ExpressionAttributeValues"][value]["S"],)
    item = arguments.get("Key") or arguments.get("Item")
    return (item["pk"]["S"],) if item else ()


def _of_objects(operation: str, arguments: Mapping[str, Any]) -> Iterator[Ask]:
    action, bucket = f"s3:{_OF_OBJECTS.get(operation, operation)}", BUCKETS[arguments["Bucket"]]
    if operation in {"GetObject", "DeleteObject"} and "VersionId" in arguments:
        action += "Version"
    keys = [entry["Key"] for entry in arguments.get("Delete", {}).get("Objects", ())]
    for key in keys or [arguments.get("Key")]:
        resource = f"{bucket}/{key}" if key else bucket
        yield Ask(action, resource)
        if "Tagging" in arguments:
            yield Ask("s3:PutObjectTagging", resource)
        if (
            operation == "DeleteObjects"
        ):  # which is asked for the right to objects, and for that to versions that it names
            yield Ask(f"{action}Version", resource)
