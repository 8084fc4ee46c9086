"""Distribution of tests over processes: tests that share an emulator or trained models run in one process."""

import gc
import json
import marshal
import os
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import settings
from moto.core.utils import unix_time_millis
from moto.kms import models as kms_models
from moto.s3.models import S3Backend
from xdist.scheduler import LoadScopeScheduling

from tests.support.aws_calls import answer_with_moto, record_invalid_arguments
from tests.support.group_times import GroupTimes
from tests.support.moto_answers import direct_answers
from tests.support.moto_reads import small_reads
from tests.support.moto_transactions import small_copies
from tests.support.moto_updates import quick_updates

TOGETHER = {
    "e2e/test_budgets.py": "apart",
    "e2e/test_costs.py": "apart",
    "e2e/test_drills.py": "accounts",
    "e2e/test_idempotency.py": "accounts",
    "e2e/test_isolation.py": "apart",
    "e2e/test_lifecycle.py": "lifecycle",
    "e2e/test_limits.py": "accounts",
    "e2e/test_schema.py": "apart",
    "e2e/test_tenants.py": "accounts",
    "e2e/test_tokens.py": "accounts",
    "e2e": "e2e",
    "deploy": "deploy",
    "faults": "faults",
    "faults/test_redriver.py": "redriver",
    "style": "style",
}
"""Group per folder or file, for tests with an expensive shared fixture or shared state. Other files are own groups.

All e2e groups but `lifecycle` use one stack at the same time. The tests of `apart` create their own tenants. Only the
tests of `accounts` rotate the signing key: Secrets Manager allows one rotation at a time.
"""
SHARDED = {"functions/test_isolation.py": 3}
"""Number of groups for the cases of a file, by route. Each process makes the fixtures of the file."""
LONGEST_FIRST = (
    *("e2e", "accounts", "lifecycle", "faults", "apart", "redriver", "deploy"),
    *(f"{file}:{number}" for file, groups in SHARDED.items() for number in range(groups)),
)
SAME_EXAMPLES = 40
"""Maximum examples of a property test whose examples are the same in every run."""
FAST = ("tests/unit", "tests/adapters", "tests/style", "tests/deploy/test_import_rules.py")
"""Folders in which no test waits for another process."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process per processor plus two, where tests wait for other processes."""
    waiting = 0 if all(argument.startswith(FAST) for argument in config.args) else 2
    return waiting + min(4, os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """Set a wide terminal for tables and remove the deadline of property tests.

    A command's console measures its terminal only once, and a busy machine is slow.

    The examples of a test are the same in every run. Only runs in random order draw new ones, from a printed seed,
    and hypothesis's own number of them.
    """
    os.environ["COLUMNS"] = "200"
    is_random = config.pluginmanager.has_plugin("randomly")
    examples = settings.default.max_examples if is_random else SAME_EXAMPLES
    settings.register_profile("untimed", deadline=None, derandomize=not is_random, max_examples=examples)
    settings.load_profile("untimed")
    if config.option.durations is not None or hasattr(config, "workerinput"):
        config.pluginmanager.register(GroupTimes())


class Groups(LoadScopeScheduling):
    """Scheduler that runs each group of tests in one process. xdist's `loadgroup` misses its marks with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Return the scheduler. It assigns whole groups in the order of collection."""
    config.option.loadscopereorder = False
    return Groups(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Collect without garbage collection, which finds nothing there and takes a fifth of the time.

    Later collections skip the modules and items, because these stay until the end.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the slowest groups first."""
    items.sort(key=lambda item: place(group(item.nodeid)))


def place(group: str) -> int:
    """Return the place of a group in the order of starts."""
    return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.fixture(scope="session", autouse=True)
def descriptions() -> Iterator[None]:
    """Read botocore's descriptions once: every test has sessions, which search and parse them anew.

    Sessions change the descriptions of services, so each one has a copy of its own; that of all endpoints is shared.
    """
    read, search = JSONFileLoader.load_file, Loader.list_available_services
    shared = cache(lambda path: read(JSONFileLoader(), path))
    packed = cache(lambda path: marshal.dumps(json.loads(json.dumps(shared(path)))))
    found: dict[tuple[str, ...], list[str]] = {}

    def services(loader: Loader, type_name: str) -> list[str]:
        searched = (type_name, *loader.search_paths)
        if searched not in found:
            found[searched] = search(loader, type_name)
        return list(found[searched])

    def description(_loader: JSONFileLoader, path: str) -> Any:
        if path.endswith("/endpoints"):
            return shared(path)
        return marshal.loads(packed(path))  # noqa: S302 - bytes of this process

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", description)
        patch.setattr(Loader, "list_available_services", services)
        yield


@pytest.fixture(scope="session", autouse=True)
def symmetric_keys() -> Iterator[None]:
    """Give all symmetric KMS keys one private key, which nothing uses: moto generates an RSA key for each of them."""
    generate = kms_models.generate_private_key
    shared = cache(lambda: generate("SYMMETRIC_DEFAULT"))

    def made(spec: str) -> Any:
        return shared() if spec == "SYMMETRIC_DEFAULT" else generate(spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kms_models, "generate_private_key", made)
        yield


@pytest.fixture(scope="session", autouse=True)
def tables() -> Iterator[None]:
    """Spare moto its copies of whole tables, its sorting in queries, its parsing, and its search for names."""
    with small_copies(), small_reads(), quick_updates(), direct_answers():
        yield


@pytest.fixture(scope="session", autouse=True)
def s3_version_listing() -> Iterator[None]:
    """Patch moto to list versions as S3 does after a KeyMarker that is not a key. moto omits the next version."""
    listed = S3Backend.list_object_versions

    def behind(backend: S3Backend, bucket: str, *rest: Any, key_marker: str | None = None, **more: Any) -> Any:
        if key_marker and not more.get("version_id_marker"):
            everything, _, marks, *_ = listed(backend, bucket, max_keys=None)
            before = [v for v in (*everything, *marks) if v.name <= key_marker]
            last = max(before, key=lambda v: (v.name, -unix_time_millis(v.last_modified)), default=None)
            more["version_id_marker"], key_marker = (last.version_id, last.name) if last else (None, None)
        return listed(backend, bucket, *rest, key_marker=key_marker, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(S3Backend, "list_object_versions", behind)
        yield


@pytest.fixture(scope="session", autouse=True)
def small_client() -> Iterator[None]:
    """Connect the small client to moto."""
    with answer_with_moto():
        yield


@pytest.fixture(autouse=True)
def valid_calls() -> Iterator[None]:
    """Fail a test in which the arguments of an AWS call differ from botocore's service model."""
    with pytest.MonkeyPatch.context() as patch:
        invalid = record_invalid_arguments(patch)
        yield
    if invalid:
        pytest.fail("\n".join(invalid))


def group(nodeid: str) -> str:
    """Return the group of a test."""
    file, _, case = nodeid.partition("::")
    together, shards = group_of_file(file)
    return f"{together}:{shard(case, shards)}" if shards else together


@cache
def group_of_file(file: str) -> tuple[str, int]:
    """Return the group of the tests in a file and the number of its shards, or 0 without shards."""
    path = Path(file).relative_to("tests")
    places = (place.as_posix() for place in (path, *path.parents))
    together = next((TOGETHER[place] for place in places if place in TOGETHER), str(path))
    return together, SHARDED.get(path.as_posix(), 0)


def shard(case: str, shards: int) -> int:
    """Return the number of the group for a case; the cases of one route are in one group."""
    _, _, route = case.partition("[")
    return crc32(route.encode()) % shards if route else 0
