"""Tests of the inputs that decide over a new training."""

import pytest

from cli.checkout import ROOT
from cli.training import SHARED_SOURCES


@pytest.mark.parametrize("pattern", SHARED_SOURCES)
def test_each_pattern_of_shared_sources_matches_files(pattern):
    assert any(path.suffix == ".py" for path in ROOT.glob(pattern))
