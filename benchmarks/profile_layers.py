"""Layers of the warm function, by their modules."""

from collections.abc import Mapping, Sequence

LAYERS: Mapping[str, Sequence[str]] = {
    "Lambda adapter: event to request, answer to event": ("mangum", "vigil.web.lambda_entry", "vigil.web.rest_events"),
    "Starlette and FastAPI: middleware stack, routing, requests": (
        *("starlette", "fastapi", "vigil.web.app", "vigil.web.queries", "vigil.web.fast_route"),
        *("vigil.web.route_table", "vigil.web.header_fields", "contextlib", "asyncio"),
    ),
    "own middleware: caller, tenant guard, security headers": (
        *("vigil.web.middleware", "vigil.web.principal", "vigil.web.etags", "vigil.web.gateway"),
        *("vigil.runtime.correlation", "vigil.aws.tenant_guard", "vigil.kernel.tenants"),
    ),
    "rate limits and their headers": (
        *("vigil.web.rate_limits", "vigil.web.request_leases", "vigil.web.rate_limit_headers"),
        *("vigil.web.rate_limit_items", "vigil.runtime.ttl_cache"),
    ),
    "JSON body: parsing, levels, members, schema": ("vigil.kernel.json_documents", "vigil.web.bodies", "pydantic"),
    "features: check, encode, decode": (
        *("vigil.prediction.features", "vigil.prediction.engines.contract"),
        "vigil.prediction.engines.row_encoder",
    ),
    "engine: boosted trees": (
        "vigil.prediction.engines.boosting",
        "vigil.prediction.engines.trees",
        "vigil.prediction.engines.lightgbm",
        "vigil.prediction.engines.row_buffers",
        "vigil.prediction.engines.library",
    ),
    "engine: isolation forest": ("vigil.prediction.engines.forest", "vigil.prediction.engines.native_forest"),
    "engine: statistics": ("vigil.prediction.engines.statistics", "vigil.prediction.engines.distance"),
    "engine: rules": ("vigil.prediction.engines.rules",),
    "votes and verdict": (
        *("vigil.prediction.engines.ensemble", "vigil.prediction.engines.ensemble_runner"),
        *("vigil.prediction.engines.votes", "vigil.prediction.packages", "vigil.prediction.trials"),
    ),
    "decision: ids, digests, ledger row": (
        *("vigil.decisions.scoring.service", "vigil.decisions.scoring.prepare", "vigil.decisions.scoring.model"),
        *("vigil.decisions.scoring.routes", "vigil.kernel", "vigil.access"),
    ),
    "decision: text": ("vigil.decisions.scoring.serialize",),
    "ledger item": ("vigil.decisions.scoring.store", "vigil.aws"),
    "log line with metrics": ("vigil.runtime.telemetry", "vigil.runtime.log_lines", "aws_lambda_powertools"),
}
"""Modules of each layer. A module belongs to the layer with its longest prefix."""
