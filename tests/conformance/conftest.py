"""Every package of `models/` and one independent package, signed and loaded as in serving."""

import pytest

from models import recipe
from tests.conformance import stranger
from tests.conformance.packages import Package, signed
from tests.support.trained import trained_model


@pytest.fixture(scope="session", params=[*recipe.recipe_names(), "independent"])
def package(request) -> Package:
    return signed(stranger.package() if request.param == "independent" else trained_model(request.param))
