"""The public address of the API: API Gateway puts a stage name before our paths."""

from starlette.requests import Request


def stage_prefix(request: Request) -> str:
    """Return the prefix of our paths in the public URL: `/prod`, or an empty string behind a custom domain."""
    event = request.scope.get("aws.event") or {}
    public = str(event.get("requestContext", {}).get("path", ""))
    return public.removesuffix(str(event.get("path", ""))) if public else ""
