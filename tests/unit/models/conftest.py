"""Models trained once for all tests, and a small cohort."""

import pytest

from models.iit.simulator import simulate
from tests.support.trained import trained_model


@pytest.fixture(scope="session")
def cohort():
    return simulate(seed=5, patients=1500)


@pytest.fixture(scope="session")
def iit():
    return trained_model("iit")


@pytest.fixture(scope="session")
def wdbc():
    return trained_model("wdbc")


@pytest.fixture(scope="session")
def netsec():
    return trained_model("netsec")


@pytest.fixture(scope="session")
def leads():
    return trained_model("leads")


@pytest.fixture(params=["iit", "leads", "netsec", "wdbc"])
def name(request):
    return request.param


@pytest.fixture
def trained(name, request):
    return request.getfixturevalue(name)
