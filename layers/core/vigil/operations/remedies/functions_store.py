"""The functions of a stack in Lambda: versions, the alias `live`, event sources, and calls by name."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import NotFound, Unavailable
from vigil.operations.remedies.functions_model import EventSource, FunctionVersion, LiveAlias
from vigil.runtime.settings import Settings

LIVE = "live"
"""Alias of the version that serves requests (`AutoPublishAlias` in the templates)."""
_LATEST = "$LATEST"
_SERVICE = Settings.variable("service")
"""Variable of a function with its name, without the name of the stack."""
_DISABLED = {"Disabled", "Disabling"}


class _Changed(Exception):
    """The alias is not the seen one any more."""


class LambdaFunctions:
    """The functions of one stack. `function` is a logical name: `scoring_api` is `<stack>-scoring-api` in Lambda."""

    def __init__(self, client: Any, stack: str) -> None:
        self._client = client
        self._stack = stack

    def live(self, function: str) -> LiveAlias:
        """Return the live alias of a function. Raises NotFound and Unavailable."""
        found = self._call("get_alias", FunctionName=self.lambda_name(function), Name=LIVE)
        canaries = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return LiveAlias(int(found["FunctionVersion"]), found["RevisionId"], max(map(int, canaries), default=None))

    def versions(self, function: str) -> Sequence[FunctionVersion]:
        """Return all published versions of a function. Raises NotFound and Unavailable.

        A function of another stack is not found: `staging_scoring_api` of the stack `vigil` is that of `vigil-staging`.
        """
        pages = self._pages("list_versions_by_function", "Versions", FunctionName=self.lambda_name(function))
        found, service = [_version(each) for each in pages if each["Version"] != _LATEST], _service(function)
        if any(each.variables.get(_SERVICE, service) != service for each in found):
            raise NotFound("This function is not one of the stack.")
        return found

    def move(self, function: str, seen: LiveAlias, version: int) -> bool:
        """Point the live alias at one version, without a canary, and return True.

        Return False and change nothing if the alias was changed since `seen`. Raises NotFound and Unavailable.
        """
        try:
            self._call(
                "update_alias",
                FunctionName=self.lambda_name(function),
                Name=LIVE,
                FunctionVersion=str(version),
                RoutingConfig={"AdditionalVersionWeights": {}},
                RevisionId=seen.revision,
            )
        except _Changed:
            return False
        return True

    def sources(self, function: str) -> Sequence[EventSource]:
        """Return one event source per queue that Lambda reads for a function. Raises NotFound and Unavailable."""
        mappings = self._pages(
            "list_event_source_mappings", "EventSourceMappings", FunctionName=f"{self.lambda_name(function)}:{LIVE}"
        )
        return [
            EventSource(each["UUID"], function, self._queue(each["EventSourceArn"]), each["State"] not in _DISABLED)
            for each in mappings
        ]

    def switch(self, source_id: str, *, is_enabled: bool) -> None:
        """Enable or disable an event source. Messages of a disabled one remain in its queue.

        Raises NotFound if the event source was deleted, and Unavailable.
        """
        self._call("update_event_source_mapping", UUID=source_id, Enabled=is_enabled)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Return the answer of the live version to an event. Raises NotFound, and Unavailable if it fails."""
        answer = self._call(
            "invoke", FunctionName=f"{self.lambda_name(function)}:{LIVE}", Payload=json.dumps(event).encode()
        )
        if "FunctionError" in answer:
            raise Unavailable(f"The function {function} failed.")
        return json.loads(answer["Payload"].read() or b"null")

    def lambda_name(self, function: str) -> str:
        """Return the name of a function in Lambda."""
        return f"{self._stack}-{_service(function)}"

    def _queue(self, arn: str) -> str:
        """Return the short name of a queue, such as `batch-chunks`."""
        return arn.rpartition(":")[2].removeprefix(f"{self._stack}-")

    def _pages(self, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
        position: dict[str, str] = {}
        while True:
            page = self._call(operation, **arguments, **position)
            yield from page[member]
            if not (marker := page.get("NextMarker")):
                return
            position = {"Marker": marker}

    def _call(self, operation: str, **arguments: Any) -> Any:
        known = {
            "ResourceNotFoundException": NotFound("There is no such function or event source."),
            "PreconditionFailedException": _Changed(),
        }
        with translate_errors("Lambda", known):
            return getattr(self._client, operation)(**arguments)


class SecretsManagerRotation:
    """Rotation by Secrets Manager, which calls the function of the rotation."""

    def __init__(self, client: Any, secret_arn: str) -> None:
        self._client = client
        self._secret_arn = secret_arn

    def rotate(self, version: str) -> None:
        """Start the rotation to a version. A second call with the same version has no effect. Raises Unavailable."""
        with translate_errors("The secret store"):
            self._client.rotate_secret(SecretId=self._secret_arn, ClientRequestToken=version)


class InvokedRotation:
    """Rotation on a stack whose Secrets Manager calls no function: the four steps are called one after another."""

    _STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")

    def __init__(self, functions: LambdaFunctions, secret_arn: str) -> None:
        self._functions = functions
        self._secret_arn = secret_arn

    def rotate(self, version: str) -> None:
        """Run the four steps for a version. Each step can be repeated. Raises NotFound and Unavailable."""
        for step in self._STEPS:
            event = {"Step": step, "SecretId": self._secret_arn, "ClientRequestToken": version}
            self._functions.invoke("tokens_rotation", event)


def _service(function: str) -> str:
    return function.replace("_", "-")


def _version(found: Mapping[str, Any]) -> FunctionVersion:
    variables = found.get("Environment", {}).get("Variables", {})
    return FunctionVersion(int(found["Version"]), found["LastModified"], variables)
