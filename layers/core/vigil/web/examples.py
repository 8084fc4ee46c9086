"""Examples of request bodies and answers in the OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

_MOMENT = "2026-11-21T05:00:00.000000Z"
_REFERENCE = "#/components/schemas/"
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
    "null": type(None),
}


class Examples:
    """Example bodies of requests by operation id, and example values of fields.

    A key of `values` is the name of a field, or `<schema>.<field>` for the field of one schema. An answer is composed
    of the values of its fields, so that a new field of an answer needs one value at most.
    """

    def __init__(self, requests: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self._requests = requests
        self._values = values
        self._schemas: Mapping[str, Any] = {}
        self.missing: set[str] = set()
        """Fields of answers without an example, as `<schema>.<field>`."""

    def add_to(self, document: dict[str, Any]) -> None:
        """Add one example to each request body and to each 2xx answer with a body."""
        self._schemas = document["components"]["schemas"]
        shared = document["components"].setdefault("examples", {})
        for operation in _operations(document):
            for media in operation.get("requestBody", {}).get("content", {}).values():
                if operation["operationId"] in self._requests:
                    media["example"] = self._requests[operation["operationId"]]
            for media in _answers(operation):
                if "$ref" in media["schema"]:
                    name = media["schema"]["$ref"].removeprefix(_REFERENCE)
                    shared[name] = {"value": self._compose(self._schemas[name], name, "")}
                    media["examples"] = {"example": {"$ref": f"#/components/examples/{name}"}}
                elif "anyOf" in media["schema"]:
                    media["example"] = self._compose(media["schema"]["anyOf"][0], "", "")

    def _compose(self, schema: Mapping[str, Any], owner: str, field: str) -> Any:
        """Return the example of a schema, which is that of a field of the schema `owner`."""
        if f"{owner}.{field}" in self._values:
            return self._values[f"{owner}.{field}"]
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_REFERENCE)
            return self._compose(self._schemas[name], name, "")
        if "properties" in schema:
            return {name: self._compose(each, owner, name) for name, each in schema["properties"].items()}
        if schema.get("type") == "array" and _has_schemas(schema["items"]):
            return [self._compose(schema["items"], owner, "")]
        if field in self._values and _fits(self._values[field], schema):
            return self._values[field]
        return self._plain(schema, owner, field)

    def _plain(self, schema: Mapping[str, Any], owner: str, field: str) -> Any:
        """Return the example of a schema without parts, from its own words."""
        if schema.get("format") == "date-time":
            return _MOMENT
        if options := [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]:
            return self._compose(options[0], owner, field)
        for word in ("const", "default"):
            if word in schema:
                return schema[word]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "array":
            return [self._compose(schema["items"], owner, f"{field}[]")]
        self.missing.add(f"{owner}.{field}")
        return {"string": field, "boolean": True, "object": {}, "null": None}.get(schema.get("type", "null"), 1)


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _answers(operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the content of each 2xx answer."""
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from answer.get("content", {}).values()


def _has_schemas(schema: Mapping[str, Any]) -> bool:
    return "$ref" in schema or any("$ref" in option for option in schema.get("anyOf", ()))


def _fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Return True if a value has the type of a schema and is among its choices."""
    if "anyOf" in schema:
        return any(_fits(value, option) for option in schema["anyOf"])
    if "$ref" in schema or ("enum" in schema and value not in schema["enum"]):
        return False
    allowed = _TYPES.get(schema.get("type", ""), object)
    return isinstance(value, allowed) and (not isinstance(value, bool) or schema.get("type") == "boolean")
