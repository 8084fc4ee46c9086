"""Every package of `models/`, and one by a stranger, signed and loaded as serving does."""

import pytest

from models import recipe
from tests.conformance import stranger
from tests.conformance.packages import Package, signed
from tests.support.trained import trained_model


@pytest.fixture(scope="session", params=[*recipe.names(), "a stranger's"])
def package(request) -> Package:
    return signed(stranger.package() if request.param == "a stranger's" else trained_model(request.param))
