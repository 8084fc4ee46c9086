"""In how many processes the tests run: what shares an emulator or trained models stays together in one of them."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader

ROOT = Path(__file__).parent
TOGETHER = {
    "e2e/test_idempotency.py": "accounts",
    "e2e/test_limits.py": "accounts",
    "e2e/test_tenants.py": "accounts",
    "e2e/test_tokens.py": "accounts",
    "e2e": "e2e",
    "unit/models": "models",
    "conformance": "models",
    "deploy": "deploy",
    "faults": "faults",
}
"""What shares what is dear to make, or would disturb each other; any other file is a group of its own."""
LONGEST_FIRST = ("accounts", "e2e", "models", "deploy")


def pytest_xdist_auto_num_workers() -> int:
    """Return one process per processor, and one more because end-to-end tests mostly wait."""
    return 1 + min(4, os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its group, and begin with the groups that take longest."""
    groups = {item: group(item.path.relative_to(ROOT)) for item in items}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item]))
    items.sort(key=lambda item: (*LONGEST_FIRST, groups[item]).index(groups[item]))


@pytest.fixture(scope="session", autouse=True)
def descriptions() -> Iterator[None]:
    """Read each of botocore's descriptions of AWS once: every test has sessions of its own, which read them anew."""
    read = cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


def group(path: Path) -> str:
    """Return the name of a test file's group."""
    places = (place.as_posix() for place in (path, *path.parents))
    return next((TOGETHER[place] for place in places if place in TOGETHER), str(path))
