"""The layers as built: whole, small, reproducible, and enough to run on without site-packages."""

import ast
import filecmp
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from fastapi import APIRouter

from cli.checkout import uv
from layers import build
from tests.support.api_document import api_document
from tests.support.templates import INFRA, template
from vigil.bootstrap import process, routers

ROOT = Path(__file__).parents[2]
FIRST_PARTY = ("layers/core/vigil", "functions")
LIMIT_BYTES = 120_000_000
MONITORING_BYTES = 60_000_000

GONE_BY_313 = {
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp",
    "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau",
    "telnetlib", "uu", "xdrlib",
}  # fmt: skip


def test_the_layers_are_small_enough(layers):
    for target, other in product(("aws", "local"), ("rag", "scoring")):
        folders = [layers[target, layer] for layer in ("core", other)]
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        assert sum(file.stat().st_size for file in files) < LIMIT_BYTES


def test_the_rag_layer_has_no_package_of_the_core_layer_and_no_numpy(layers):
    core, rag = ({path.name for path in layers["aws", layer].iterdir()} for layer in ("core", "rag"))
    assert core & rag == set()
    assert {"openai", "pinecone", "pypdf", build.NATIVE_FOLDER} <= rag
    assert not any("numpy" in name for name in rag)


def test_monitoring_runs_on_a_small_layer_without_numpy(layers):
    core = layers["aws", "core"]
    assert sum(file.stat().st_size for file in core.rglob("*") if file.is_file()) < MONITORING_BYTES
    assert list(core.rglob("numpy")) == []
    functions = template(INFRA / "functions" / "monitoring.yaml")["Resources"]
    assert "Layers" not in functions["MonitoringSweep"]["Properties"]  # the core layer alone


def test_the_scoring_layer_has_only_native_libraries(layers):
    files = [path.name for path in layers["aws", "scoring"].rglob("*") if path.is_file()]
    assert sorted(files) == [
        "lib_lightgbm.so",
        "libgomp.so.1",
        *(f"libvigil_{name}.so" for name in build.OWN_LIBRARIES["scoring"]),
    ]


def imports():
    """Return every (module, file) that first-party code imports at run time."""
    for folder in FIRST_PARTY:
        for file in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(file.read_text())
            typing_only = {
                id(inner)
                for node in ast.walk(tree)
                if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
                for inner in ast.walk(node)
            }
            for node in ast.walk(tree):
                if id(node) in typing_only:
                    continue
                if isinstance(node, ast.Import):
                    yield from ((alias.name, file) for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield node.module, file


def resolvable(module, folders):
    first = module.partition(".")[0]
    if first in sys.stdlib_module_names - GONE_BY_313:
        return True
    path = module.replace(".", "/")
    return any(
        (folder / path).is_dir() or (folder / f"{path}.py").is_file() or any(folder.glob(f"{path}.*.so"))
        for folder in folders
    )


def test_every_import_of_a_function_is_in_its_layers(layers):
    folders = [layers["aws", layer] for layer in build.BUILDERS]
    found = list(imports())
    assert len(found) > 20
    assert [(module, str(file)) for module, file in found if not resolvable(module, folders)] == []


@pytest.mark.parametrize("module", ["numpy", "lightgbm", "typer", "cgi", "vigil.nowhere", "botocore.nothing"])
def test_an_import_that_lambda_lacks_is_noticed(layers, module):
    assert not resolvable(module, [layers["aws", layer] for layer in build.BUILDERS])


def services():
    """Return the AWS services that first-party code names when it asks for a client."""
    for folder in FIRST_PARTY:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("client"):
                    yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


def test_the_core_layer_carries_every_aws_service_that_is_called(layers):
    called = set(services())
    assert {"dynamodb", "s3", "secretsmanager"} <= called
    kept = layers["aws", "core"] / "botocore" / "data"
    assert {service for service in called if not (kept / service).is_dir()} == set()


RUN = """
import importlib, json, sys
from pathlib import Path
sys.path[:0] = {layers!r}
for file in sorted(Path({layers!r}[0], "vigil").rglob("*.py")):
    name = ".".join(file.relative_to({layers!r}[0]).with_suffix("").parts).removesuffix(".__init__")
    importlib.import_module(name)
import boto3, fastapi, mangum, cryptography.hazmat.primitives.asymmetric.ed25519
import aws_lambda_powertools, aws_lambda_powertools.tracing, aws_xray_sdk.core
for service in {services!r}:
    boto3.client(service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
from vigil.prediction.engines.lightgbm import load
engine = load(Path({model!r}).read_bytes(), ["a", "b", "c"])
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
maps = Path("/proc/self/maps").read_text()
print(json.dumps({{
    "scores": [engine.raw_score(row) for row in {rows!r}],
    "native": sorted({{line.split()[-1] for line in maps.splitlines() if "gomp" in line or "lightgbm" in line}}),
    "outside": sorted(path for path in files if path and "site-packages" in path),
}}))
"""


def test_the_local_layers_import_and_score_without_site_packages(layers, tmp_path):
    rows = np.random.default_rng(5).normal(size=(200, 3))
    data = lightgbm.Dataset(rows, rows[:, 0] > 0, feature_name=["a", "b", "c"])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, num_boost_round=5)
    (model := tmp_path / "model.txt").write_text(booster.model_to_string())
    folders = [str(layers["local", layer]) for layer in build.BUILDERS]
    script = RUN.format(layers=folders, services=sorted(services()), model=str(model), rows=rows[:20].tolist())
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["scores"] == booster.predict(rows[:20], raw_score=True).tolist()
    assert answer["outside"] == []
    folder = f"{layers['local', 'scoring']}/vigil_native"
    assert answer["native"] == [f"{folder}/lib_lightgbm.so", f"{folder}/libgomp.so.1"]


READ_OPENAPI = """
import json, sys
sys.path[:0] = [sys.argv[1]]
from vigil.bootstrap import process
print(json.dumps([process.openapi(), "vigil.bootstrap.routers" in sys.modules]))
"""


@pytest.mark.parametrize("target", ["aws", "local"])
def test_the_built_openapi_document_is_the_one_of_the_routers(layers, target):
    built = (layers[target, "core"] / "vigil/openapi.json").read_text()
    assert json.dumps(json.loads(built)) == json.dumps(api_document())


def test_a_function_serves_the_built_document_without_the_routers(layers):
    command = [sys.executable, "-I", "-S", "-c", READ_OPENAPI, layers["local", "core"]]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [api_document(), False]


def test_a_checkout_creates_the_document_on_demand():
    assert not (ROOT / "layers/core/vigil/openapi.json").exists()
    process.forget()
    assert process.openapi() == api_document()


def test_the_document_lists_every_router():
    package = ROOT / "layers/core"
    files = [*package.glob("vigil/**/routes.py"), *package.glob("vigil/**/*_routes.py")]
    modules = [".".join(file.relative_to(package).with_suffix("").parts) for file in files]
    found = [value for module in modules for value in vars(importlib.import_module(module)).values()]
    assert {id(each) for each in found if isinstance(each, APIRouter)} == {id(each) for each in routers.ROUTERS}


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_building_again_and_at_once_gives_the_same_bytes(layers, build_layer, tmp_path):
    jobs = [("local", layer, tmp_path / f"{layer}{copy}") for layer in build.BUILDERS for copy in (1, 2)]
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda job: build_layer(*job, VIGIL_BUILD_FRESH="1"), jobs))
    for (target, layer, _), folder in zip(jobs, folders, strict=True):
        assert digests(folder) == digests(layers[target, layer])


ZONES = """
import sys, zoneinfo
sys.path.insert(0, sys.argv[1])
zoneinfo.reset_tzpath(to=())
print(*(zoneinfo.ZoneInfo(name) for name in ("Europe/Berlin", "Australia/Lord_Howe", "UTC")))
"""


@pytest.mark.parametrize("target", ["aws", "local"])
def test_the_core_layer_has_time_zones_for_a_system_without_them(layers, target):
    command = [sys.executable, "-I", "-S", "-c", ZONES, layers[target, "core"]]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "Europe/Berlin Australia/Lord_Howe UTC\n"


def test_building_into_a_folder_replaces_what_was_there(tmp_path):
    (stale := tmp_path / "layer" / "python" / "stale.py").parent.mkdir(parents=True)
    stale.write_text("")
    subprocess.run(
        [sys.executable, ROOT / "layers/build.py", "scoring", tmp_path / "layer"],
        env={**os.environ, "VIGIL_BUILD": "local"},
        check=True,
        capture_output=True,
    )
    assert [path.name for path in (tmp_path / "layer" / "python").iterdir()] == ["vigil_native"]


@pytest.mark.parametrize("layer", ["core", "rag"])
def test_the_requirements_of_a_layer_are_those_of_the_lock_file(layer, tmp_path):
    subprocess.run(
        [
            shutil.which("make"),
            "--directory",
            ROOT / "layers" / layer,
            "lock",
            f"REQUIREMENTS={tmp_path / 'requirements.txt'}",
        ],
        env={**os.environ, "UV": uv()},
        check=True,
        capture_output=True,
    )
    assert filecmp.cmp(tmp_path / "requirements.txt", ROOT / "layers" / layer / "requirements.txt", shallow=False), (
        f"run `make -C layers/{layer} lock`"
    )


def test_changed_source_is_in_the_next_layer(tmp_path, monkeypatch):
    (sources := tmp_path / "core" / "vigil").mkdir(parents=True)
    requirements = build.LAYERS / "core" / "requirements.txt"
    shutil.copy(requirements, tmp_path / "core")
    monkeypatch.setattr(build, "LAYERS", tmp_path)
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(
        build, "install_wheels", lambda _target, folder, _requirements: (folder / "third").mkdir(parents=True)
    )
    monkeypatch.setattr(build, "prune_wheels", lambda _folder: None)
    monkeypatch.setattr(build, "WRITE_OPENAPI", "import sys; open(sys.argv[3], 'w').write('{}')")
    monkeypatch.setenv("VIGIL_BUILD", "local")
    for content in ("a = 1\n", "a = 2\n"):
        (sources / "room.py").write_text(content)
        for _ in range(2):
            build.main("core", tmp_path / "layer")
            assert (tmp_path / "layer" / "python" / "vigil" / "room.py").read_text() == content
    assert len([path for path in (tmp_path / "cache").glob("core-local-*") if path.is_dir()]) == 1
