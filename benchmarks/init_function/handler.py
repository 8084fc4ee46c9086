"""The scoring function as far as its init goes: the whole app and one model, on the engine that is to be measured."""

import os
import sys
from pathlib import Path
from typing import Any

from vigil.operations import routes as health_routes
from vigil.platform import docs
from vigil.platform.http import create_app
from vigil.platform.http import lambda_handler as entry
from vigil.platform.telemetry import Telemetry
from vigil.registry import routes as registry_routes
from vigil.scoring import routes as scoring_routes

MODEL = Path(os.environ["BENCHMARK_MODEL"])


def _engine() -> Any:
    if os.environ["BENCHMARK_ENGINE"] == "native":
        from vigil.engines import lightgbm as c_library  # noqa: PLC0415 - one engine or the other
        from vigil.engines import trees  # noqa: PLC0415 - as above

        names = os.environ["BENCHMARK_FEATURES"].split(",")
        if table := os.environ["BENCHMARK_TABLE"]:
            return trees.load(Path(table).read_bytes(), MODEL.read_bytes(), len(names))
        return c_library.load(MODEL.read_bytes(), names)
    absent: dict[str, Any] = {"pandas": None, "sklearn": None}  # it would import them if they were there
    sys.modules.update(absent)
    import lightgbm  # noqa: PLC0415 - as above

    return lightgbm.Booster(model_file=str(MODEL))


_telemetry = Telemetry("init", traced=False)
_app = create_app(
    title="init",
    routers=[scoring_routes.router, registry_routes.router, health_routes.router, docs.router],
    telemetry=_telemetry,
    max_body_bytes=262_144,
    state={"engine": _engine()},
)
lambda_handler = entry(_app, _telemetry)
