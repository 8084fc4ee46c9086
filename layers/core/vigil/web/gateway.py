"""Where this API lives as its callers see it: API Gateway puts a stage (or nothing) before our paths."""

from starlette.requests import Request


def prefix(request: Request) -> str:
    """Return what precedes our paths in the public URL: `/prod`, or nothing behind a custom domain."""
    event = request.scope.get("aws.event") or {}
    public = str(event.get("requestContext", {}).get("path", ""))
    return public.removesuffix(str(event.get("path", ""))) if public else ""
