"""The deployment that the CLI works on: the local one of this checkout, or the one that the environment names."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

CHECKOUT = Path(__file__).resolve().parents[1]
_TABLES = ("decisions", "registry", "access")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Names of what is deployed, and clients for it; without `endpoint_url` it is AWS itself."""

    region: str
    endpoint_url: str | None
    tables: Mapping[str, str]
    buckets: Mapping[str, str]
    secrets: Mapping[str, str]
    api_url: str | None = None

    def dynamodb(self) -> "DynamoDBClient":
        """Return a client for the tables."""
        import boto3

        client: DynamoDBClient = boto3.client("dynamodb", **self._arguments())
        return client

    def s3(self) -> "S3Client":
        """Return a client for the buckets."""
        import boto3

        client: S3Client = boto3.client("s3", **self._arguments())
        return client

    def secretsmanager(self) -> "SecretsManagerClient":
        """Return a client for the secrets."""
        import boto3

        client: SecretsManagerClient = boto3.client("secretsmanager", **self._arguments())
        return client

    def _arguments(self) -> dict[str, Any]:
        if self.endpoint_url is None:
            return {"region_name": self.region}
        # An emulator on this machine asks for no credentials, boto3 insists on some; real ones must not go there.
        local = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "local")
        return {"region_name": self.region, "endpoint_url": self.endpoint_url, **local}


def home() -> Path:
    """Return the folder of local state: `.vigil` of the checkout, or `VIGIL_HOME`."""
    return Path(os.environ.get("VIGIL_HOME", CHECKOUT / ".vigil"))


def current() -> Deployment:
    """Return the deployment that `VIGIL_REGISTRY_TABLE` and its kin name, else that of `local.json`.

    Raises NotFound if there is neither.
    """
    if "VIGIL_REGISTRY_TABLE" in os.environ:
        return _from_environment(os.environ)
    try:
        return _from_document(json.loads((home() / "local.json").read_text()))
    except FileNotFoundError as error:
        raise NotFound("no deployment: run `make up`, or set VIGIL_REGISTRY_TABLE and its kin") from error


def _from_environment(environment: Mapping[str, str]) -> Deployment:
    tables = {name: environment.get(f"VIGIL_{name.upper()}_TABLE", "") for name in _TABLES}
    return Deployment(
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "us-east-1"),
        endpoint_url=environment.get("AWS_ENDPOINT_URL"),
        tables=tables,
        buckets={"packages": environment.get("VIGIL_PACKAGES_BUCKET", "")},
        secrets={"access": environment.get("VIGIL_ACCESS_SECRET_ARN", "")},
        api_url=environment.get("VIGIL_API_URL"),
    )


def _from_document(document: Mapping[str, Any]) -> Deployment:
    return Deployment(
        region=document.get("region", "us-east-1"),
        endpoint_url=document["endpoint_url"],
        tables=document["tables"],
        buckets=document["buckets"],
        secrets=document.get("secrets", {}),
        api_url=document.get("api_url"),
    )
