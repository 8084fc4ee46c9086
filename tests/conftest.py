"""In how many processes the tests run: those that share a deployment or an emulator stay together, in one of them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
TOGETHER = ("e2e", "faults")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its group, and begin with what mostly waits, so that others use the processor meanwhile."""
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        item.add_marker(pytest.mark.xdist_group(folder if folder in TOGETHER else str(item.path)))
    items.sort(key=lambda item: item.path.relative_to(ROOT).parts[0] != "e2e")
