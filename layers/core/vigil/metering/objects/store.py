"""What lies in the bucket of batches, tenant by tenant."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from vigil.platform.asking import asking


class S3Bytes:
    """Objects under `<folder>/<tenant>/`, older and deleted versions included: they are stored too.

    The whole bucket is listed, 1,000 objects to a call ($5 per billion objects); none of them lives for long.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def held(self) -> Mapping[str, int]:
        """Return the bytes by tenant."""
        held: Counter[str] = Counter()
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket)
        with asking("The bucket"):
            for version in (version for page in pages for version in page.get("Versions", ())):
                held[version["Key"].partition("/")[2].partition("/")[0]] += version["Size"]
        return held
