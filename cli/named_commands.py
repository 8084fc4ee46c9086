"""Names a command in place of a route in the errors of the service, which are written for callers of the API."""

import re

COMMANDS = {
    "GET /v1/alerts": "alerts list",
    "GET /v1/batches": "batch list",
    "GET /v1/circuit-breakers": "circuits list",
    "GET /v1/dlq/jobs": "dlq list",
    "GET /v1/failures": "failures list",
    "GET /v1/flags": "flags list",
    "GET /v1/incidents": "incident list",
    "GET /v1/models": "models list",
    "GET /v1/models/{name}/health/findings": "models findings {name}",
    "GET /v1/objectives": "objectives",
    "GET /v1/tenants": "tenants list",
    "GET /v1/tenants/{name}/keys": "tenants show {name}",
    "GET /v1/usage": "usage",
    "POST /v1/subjects/lookup": "subjects lookup",
}
"""Command by the route that it replaces. Routes without a command stay."""
_NAMED = re.compile(r"(/v1/(?:models|tenants)/)([^/\s]+)(/)")
_ROUTE = re.compile(r"(?:GET|POST) /v1/[^\s;,]*[^\s;,.]")


def name_commands(text: str) -> str:
    """Return a text with the command of each route that has one, such as `vigil models list`."""
    return _ROUTE.sub(_command, text)


def _command(found: re.Match[str]) -> str:
    named = _NAMED.search(found[0])
    command = COMMANDS.get(_NAMED.sub(r"\1{name}\3", found[0]))
    return f"`vigil {command.format(name=named[2] if named else '')}`" if command else found[0]
