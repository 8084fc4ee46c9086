"""Init of the scoring function: the whole app and one model, on the engine under test."""

import os
import sys
from pathlib import Path
from typing import Any

from vigil.decisions.scoring import routes as scoring_routes
from vigil.operations.health import routes as health_routes
from vigil.prediction.packages import routes as registry_routes
from vigil.runtime.telemetry import Telemetry
from vigil.web import swagger
from vigil.web.app import create_app
from vigil.web.app import lambda_handler as entry

MODEL = Path(os.environ["BENCHMARK_MODEL"])


def _engine() -> Any:
    if os.environ["BENCHMARK_ENGINE"] == "native":
        from vigil.prediction.engines import lightgbm as c_library  # noqa: PLC0415 - one engine or the other
        from vigil.prediction.engines import trees  # noqa: PLC0415 - as above

        names = os.environ["BENCHMARK_FEATURES"].split(",")
        if table := os.environ["BENCHMARK_TABLE"]:
            return trees.load(Path(table).read_bytes(), MODEL.read_bytes(), len(names))
        return c_library.load(MODEL.read_bytes(), names)
    absent: dict[str, Any] = {"pandas": None, "sklearn": None}  # it imports them if they are installed
    sys.modules.update(absent)
    import lightgbm  # noqa: PLC0415 - as above

    return lightgbm.Booster(model_file=str(MODEL))


_telemetry = Telemetry("init", traced=False)
_app = create_app(
    title="init",
    routers=[scoring_routes.router, registry_routes.router, health_routes.router, swagger.router],
    telemetry=_telemetry,
    max_body_bytes=262_144,
    state={"engine": _engine()},
)
lambda_handler = entry(_app, _telemetry)
