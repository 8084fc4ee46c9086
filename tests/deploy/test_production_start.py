"""Every function of a deployment with the stages of samconfig.toml starts: its templates set no unsafe variable."""

import pytest

from tests.support import entries
from tests.support.production_settings import environment
from vigil.runtime.start_up import faults


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
@pytest.mark.parametrize("function", entries.NAMES)
def test_function_may_start_with_the_variables_of_its_template(function, stage):
    assert faults(environment(function, stage), entries.entry(function).needs) == []
