"""MiniStack, with what its OpenAPI import leaves out: the ANY method and gateway responses.

Run by MiniStack's own interpreter (`cli.local` starts it), never imported by Vigil.
"""

from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.services import apigateway_v1 as gateway

ANY_METHOD = "x-amazon-apigateway-any-method"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"

_import_as_shipped = gateway._import_rest_api


def import_rest_api(spec: Mapping[str, Any], base_data: Mapping[str, Any] | None = None) -> str:
    """Create a REST API from an OpenAPI document as API Gateway would; return its id."""
    paths = {
        path: {"any" if method == ANY_METHOD else method: operation for method, operation in item.items()}
        for path, item in spec.get("paths", {}).items()
    }
    api_id: str = _import_as_shipped({**spec, "paths": paths}, base_data)
    for response_type, response in spec.get(GATEWAY_RESPONSES, {}).items():
        gateway._put_gateway_response(api_id, response_type, response)
    return api_id


if __name__ == "__main__":
    gateway._OPENAPI_HTTP_METHODS.add("any")
    gateway._import_rest_api = import_rest_api
    app.main()
