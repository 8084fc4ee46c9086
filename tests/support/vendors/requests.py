"""Requests and answers of fake vendors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class VendorRequest:
    """One request as a vendor receives it. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> Any:
        """Return the body as JSON, or None if it is no JSON in UTF-8."""
        try:
            return json.loads(self.body.decode())
        except ValueError:
            return None


@dataclass(frozen=True)
class VendorAnswer:
    """One answer of a vendor."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, document: Any, **headers: str) -> VendorAnswer:
    """Return an answer in JSON; underscores in the names of headers become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return VendorAnswer(status, json.dumps(document).encode(), {"content-type": "application/json", **named})


def text_answer(status: int, text: str, **headers: str) -> VendorAnswer:
    """Return an answer in plain text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return VendorAnswer(status, text.encode(), {"content-type": "text/plain", **named})
