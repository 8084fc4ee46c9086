"""A client of Lambda with functions in memory. It checks revisions as Lambda does, and names wrong resources."""

import io
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

Handler = Callable[[Mapping[str, Any]], Any]


class FakeLambda:
    """Functions with published versions, the alias `live` and event sources. `changes` counts the writes."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.changes = 0
        self._versions: dict[str, list[dict[str, Any]]] = {}
        self._aliases: dict[str, dict[str, Any]] = {}
        self._sources: dict[str, dict[str, Any]] = {}

    def publish(self, name: str, at: str, **variables: str) -> int:
        """Publish a version of a function, make it live, and return its number."""
        versions = self._versions.setdefault(name, [{"Version": "$LATEST", "LastModified": at}])
        number = len(versions)
        versions.append({"Version": str(number), "LastModified": at, "Environment": {"Variables": variables}})
        self._aliases[name] = {"FunctionVersion": str(number), "RevisionId": str(uuid.uuid4())}
        return number

    def shift(self, name: str, version: int, canary: int) -> None:
        """Give a share of the requests to a canary."""
        weights = {"AdditionalVersionWeights": {str(canary): 0.1}}
        self._aliases[name] |= {"FunctionVersion": str(version), "RoutingConfig": weights}

    def add_source(self, name: str, queue: str) -> str:
        """Let a function read a queue; return the id of the event source."""
        source = str(uuid.uuid4())
        arn = f"arn:aws:sqs:eu-west-1:123456789012:{queue}"
        self._sources[source] = {"UUID": source, "EventSourceArn": arn, "State": "Enabled", "FunctionName": name}
        return source

    def get_alias(self, **call: Any) -> dict[str, Any]:
        """Return the alias of a function."""
        if call["Name"] != "live" or call["FunctionName"] not in self._aliases:
            raise _refusal("ResourceNotFoundException", "GetAlias")
        return dict(self._aliases[call["FunctionName"]])

    def list_versions_by_function(self, **call: Any) -> dict[str, Any]:
        """Return two versions a page."""
        if (known := self._versions.get(call["FunctionName"])) is None:
            raise _refusal("ResourceNotFoundException", "ListVersionsByFunction")
        start = int(call.get("Marker", "0"))
        page = {"Versions": known[start : start + 2]}
        return page | ({"NextMarker": str(start + 2)} if start + 2 < len(known) else {})

    def update_alias(self, **call: Any) -> dict[str, Any]:
        """Move the alias if it has the revision."""
        name, alias = call["FunctionName"], self.get_alias(**call)
        if alias["RevisionId"] != call["RevisionId"]:
            raise _refusal("PreconditionFailedException", "UpdateAlias")
        if call["FunctionVersion"] not in {each["Version"] for each in self._versions[name]}:
            raise _refusal("ResourceNotFoundException", "UpdateAlias")
        self.changes += 1
        self._aliases[name] = {"FunctionVersion": call["FunctionVersion"], "RevisionId": str(uuid.uuid4())}
        if call["RoutingConfig"]["AdditionalVersionWeights"]:
            self._aliases[name]["RoutingConfig"] = dict(call["RoutingConfig"])
        return self._aliases[name]

    def list_event_source_mappings(self, **call: Any) -> dict[str, Any]:
        """Return the event sources of a function's alias."""
        name, _, alias = call["FunctionName"].partition(":")
        assert alias == "live", "the event sources belong to the alias"
        return {"EventSourceMappings": [dict(each) for each in self._sources.values() if each["FunctionName"] == name]}

    def update_event_source_mapping(self, **call: Any) -> dict[str, Any]:
        """Enable or disable an event source. The state changes later: it is `Disabling` at first."""
        if call["UUID"] not in self._sources:
            raise _refusal("ResourceNotFoundException", "UpdateEventSourceMapping")
        self.changes += 1
        self._sources[call["UUID"]]["State"] = "Enabled" if call["Enabled"] else "Disabling"
        return dict(self._sources[call["UUID"]])

    def invoke(self, **call: Any) -> dict[str, Any]:
        """Call the handler of a function."""
        name, _, alias = call["FunctionName"].partition(":")
        if alias != "live" or name not in self.handlers:
            raise _refusal("ResourceNotFoundException", "Invoke")
        try:
            answer = self.handlers[name](json.loads(call["Payload"]))
        except Exception as error:  # Lambda answers 200 with the error
            text = json.dumps({"errorType": type(error).__name__})
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(text.encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def _refusal(code: str, operation: str) -> Exception:
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)
