"""In how many processes the tests run: what shares a deployment, an emulator or trained models stays together in one."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
TOGETHER = {"e2e": "e2e", "faults": "faults", "deploy": "deploy", "conformance": "models", "unit/models": "models"}
"""The folders whose tests share what is dear to make; any other file is a group of its own."""
LONGEST_FIRST = ("e2e", "models", "deploy")


def pytest_xdist_auto_num_workers() -> int:
    """Return one process per processor, and one more for end-to-end tests, which mostly wait."""
    return 1 + min(4, os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its group, and begin with the groups that take longest."""
    groups = {item: group(item.path.relative_to(ROOT)) for item in items}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item]))
    items.sort(key=lambda item: (*LONGEST_FIRST, groups[item]).index(groups[item]))


def group(path: Path) -> str:
    """Return the name of a test file's group."""
    folders = (parent.as_posix() for parent in path.parents)
    return next((TOGETHER[folder] for folder in folders if folder in TOGETHER), str(path))
