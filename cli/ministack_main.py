"""MiniStack, with what its OpenAPI import leaves out: the ANY method and gateway responses.

Run by MiniStack's own interpreter (`cli.emulator` starts it), never imported by Vigil. The first argument is the
file in which it records its process id and port, so that it is found even if whoever started it has died.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ANY_METHOD = "x-amazon-apigateway-any-method"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def main() -> None:
    """Record the process, complete the import, serve."""
    Path(sys.argv.pop(1)).write_text(f"{os.getpid()} {os.environ['GATEWAY_PORT']}")
    from ministack import app
    from ministack.services import apigateway_v1 as gateway

    import_as_shipped = gateway._import_rest_api

    def import_rest_api(spec: Mapping[str, Any], base_data: Mapping[str, Any] | None = None) -> str:
        paths = {
            path: {"any" if method == ANY_METHOD else method: operation for method, operation in item.items()}
            for path, item in spec.get("paths", {}).items()
        }
        api_id: str = import_as_shipped({**spec, "paths": paths}, base_data)
        for response_type, response in spec.get(GATEWAY_RESPONSES, {}).items():
            gateway._put_gateway_response(api_id, response_type, response)
        return api_id

    gateway._OPENAPI_HTTP_METHODS.add("any")
    gateway._import_rest_api = import_rest_api
    app.main()


if __name__ == "__main__":
    main()
