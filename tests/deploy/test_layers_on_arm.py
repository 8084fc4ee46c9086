"""The layers for Lambda run on arm64: modules, model packages, and a function under the runtime emulator."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from cli import native, runtime
from cli.checkout import ROOT, pin, uv
from cli.embedded import aws_environment
from layers import arm_root, build
from models import recipe
from models.packed import add_packed_tables
from tests.support import tables
from tests.support.arm import skip
from tests.support.deployments import KEY, model_keys
from tests.support.faultbed.bed import running
from tests.support.gateway import event
from tests.support.trained import trained_model
from vigil.aws.tenant_keys import DynamoTenantKeys
from vigil.bootstrap import process
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.store import DynamoCatalogue, S3PackageStore
from vigil.prediction.packages.verification import PackageVerifier, Release, build_package

pytestmark = pytest.mark.arm
MODELS = recipe.recipe_names()
ROWS = 4
"""Golden rows of each model that the function scores."""
DECISIONS = 20
"""Minimum explained decisions of each model that are compared."""

IMPORT = """
import importlib, json, sys
from pathlib import Path
layers = core, *_ = sys.path[:0] = sys.argv[1:]
names = [".".join(file.relative_to(core).with_suffix("").parts).removesuffix(".__init__")
         for file in sorted(Path(core, "vigil").rglob("*.py"))]
for name in names:
    importlib.import_module(name)
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
known = (*layers, sys.base_prefix)
print(json.dumps({"machine": __import__("platform").machine(), "modules": len(names),
                  "outside": [file for file in files if file and not file.startswith(known)]}))
"""

VERIFY = """
import base64, json, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier
keys = {name: base64.b64decode(key) for name, key in json.loads(sys.argv[3]).items()}
verified = {}
for folder in sorted(Path(sys.argv[4]).iterdir()):
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    verified[folder.name] = PackageVerifier(keys, load_engine).verify(files, ExpectedPackage(folder.name)).version
maps = Path("/proc/self/maps").read_text().splitlines()
libraries = {line.split()[-1] for line in maps if line.endswith((".so", ".so.1"))}
print(json.dumps({"verified": verified, "native": sorted(Path(one).name for one in libraries if sys.argv[2] in one)}))
"""


DECIDE = """
import base64, json, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from vigil.access.flags.model import Switches
from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.prepare import AssessedRequest
from vigil.kernel.rows import ANSWER_FORMAT
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier
keys = {name: base64.b64decode(key) for name, key in json.loads(sys.argv[3]).items()}
decided = {}
for folder in sorted(Path(sys.argv[4]).iterdir()):
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    model = PackageVerifier(keys, load_engine).verify(files, ExpectedPackage(folder.name))
    vectors = [model.contract.encode(row["features"]) for row in json.loads(files["golden.json"])]
    rest = True, "2026-11-30T00:00:00.000000Z", (), Switches("", ())
    assessed = [AssessedRequest(model, "one", vector, model.assess(vector), *rest) for vector in vectors]
    made = [request.decide("dec-1", rest[1], ANSWER_FORMAT) for request in assessed]
    decided[folder.name] = [serialize.body(decision) for decision in made]
print(json.dumps(decided))
"""


@pytest.fixture(scope="module")
def layer_paths(layers):
    """Return the folders of the core and the scoring layer for Lambda."""
    return [str(layers["aws", name]) for name in ("core", "scoring")]


@pytest.fixture(scope="module")
def packages():
    """Return the signed package of each model, made on this machine."""
    native.add_to_path()
    now = process.now()
    release = Release(1, now, now + timedelta(days=30))
    models = {name: add_packed_tables(trained_model(name))[0] for name in MODELS}
    return {name: build_package(model, release, KEY, load_engine) for name, model in models.items()}


def run(python, script, *arguments):
    """Run a script on the arm64 Python and return the document that it prints."""
    done = subprocess.run([*python, "-I", "-S", "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_module_imports_on_arm(arm_python, layer_paths, layers):
    found = run(arm_python, IMPORT, *layer_paths, str(layers["aws", "rag"]))
    sources = [*(ROOT / "layers/core/vigil").rglob("*.py")]
    assert found == {"machine": "aarch64", "modules": len(sources), "outside": []}


def written(packages, folder):
    """Write packages to a folder and return its path."""
    for name, files in packages.items():
        (folder / name).mkdir(parents=True)
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
    return str(folder)


def test_the_packages_of_all_models_verify_on_arm(arm_python, layer_paths, packages, tmp_path):
    found = run(arm_python, VERIFY, *layer_paths, model_keys(), written(packages, tmp_path))
    assert found["verified"] == dict.fromkeys(MODELS, 1)
    assert {"libvigil_trees.so", "libvigil_distance.so"} <= {*found["native"]}


def test_a_package_without_tables_verifies_on_arm(arm_python, layer_paths, tmp_path):
    now = process.now()
    files = build_package(trained_model("leads"), Release(1, now, now + timedelta(days=30)), KEY, load_engine)
    found = run(arm_python, VERIFY, *layer_paths, model_keys(), written({"leads": files}, tmp_path))
    assert found["verified"] == {"leads": 1}
    assert {"lib_lightgbm.so", "libgomp.so.1"} <= {*found["native"]}


def test_explained_decisions_of_all_models_have_the_same_bytes_on_arm(
    arm_python, layer_paths, layers, packages, tmp_path
):
    """This machine has another processor, usually another Python, and another C library."""
    folder, local = written(packages, tmp_path), [str(layers["local", name]) for name in ("core", "scoring")]
    here = run([sys.executable], DECIDE, *local, model_keys(), folder)
    there = run(arm_python, DECIDE, *layer_paths, model_keys(), folder)
    assert here.keys() == there.keys() == set(MODELS)
    for name in MODELS:
        assert len(here[name]) >= DECISIONS
        assert sum(json.loads(body)["explanation"] is not None for body in here[name]) >= DECISIONS
        assert there[name] == here[name], name


@pytest.fixture(scope="module")
def runtime_for_arm(tmp_path_factory):
    """Return a folder with Lambda's runtime for arm64."""
    folder = tmp_path_factory.mktemp("runtime")
    command = [uv(), "pip", "install", "--quiet", "--target", folder, "--python-platform", build.AWS_PLATFORM]
    command += ["--python-version", build.AWS_PYTHON, "--only-binary", ":all:", pin("runtime")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        skip(f"the arm64 runtime could not be installed: {done.stderr[-300:]}")
    return folder


@pytest.fixture(scope="module")
def published(packages):
    """Run the tables and buckets of a deployment with all models; return the environment of its functions."""
    with running("arm") as bed:
        tables.create_tables(bed.client("dynamodb"))
        bed.client("s3").create_bucket(Bucket="packages")
        wrapping_key = bed.client("kms").create_key()["KeyMetadata"]["Arn"]
        keys = DynamoTenantKeys(bed.client, "tenant_keys", wrapping_key, process.now, process.cache_reports())
        bed.client("dynamodb").put_item(**keys.creation("acme")["Put"])
        catalogue = DynamoCatalogue(bed.client("dynamodb"), "registry")
        verifier = PackageVerifier({KEY.key_id: KEY.public}, load_engine)
        publisher = Publisher(S3PackageStore(bed.client("s3"), "packages"), catalogue, verifier, process.now)
        for name, files in packages.items():
            publisher.publish(files)
            publisher.promote(name, 1)
        yield {
            **aws_environment(bed.endpoint),
            **tables.environment(),
            "VIGIL_STAGE": "local",
            "VIGIL_STACK_NAME": "vigil",
            "VIGIL_PACKAGES_BUCKET": "packages",
            "VIGIL_CURSOR_SECRET_ARN": "cursor",
            "VIGIL_MODEL_KEYS": model_keys(),
            "VIGIL_AWS_CONNECT_TIMEOUT_MS": "20000",
            "VIGIL_AWS_READ_TIMEOUT_MS": "20000",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def golden_requests(packages):
    """Yield model, subject, named values and golden answer of the first golden rows of each model."""
    for name, files in packages.items():
        for number, row in enumerate(json.loads(files["golden.json"])[:ROWS]):
            yield name, f"golden-{number}", row["features"], row


def test_scoring_api_scores_golden_rows_on_arm(arm_python, layer_paths, runtime_for_arm, published, packages, tmp_path):
    path = os.pathsep.join([*layer_paths, str(runtime_for_arm)])
    log = tmp_path / "log"
    with runtime.run_function(ROOT / "functions/scoring_api", path, published, log, arm_python) as url:
        for model, subject, features, golden in golden_requests(packages):
            body = {"model": model, "subject_id": subject, "features": features, "explain": True}
            headers = {"Idempotency-Key": f"{model}-{subject}"}
            sent = event("POST", "/v1/scores", body=body, headers=headers, tier="ENTERPRISE")
            answer = httpx.post(url, json=sent, timeout=300).json()
            assert answer.get("statusCode") == 201, (answer, log.read_text()[-2000:])
            decision = json.loads(answer["body"])
            assert decision["probability"] == pytest.approx(golden["probability"], abs=1e-9)
            assert (decision["band"], decision["decision"]) == (golden["band"], golden["decision"])
            again = httpx.post(url, json=sent, timeout=300).json()
            assert (again["statusCode"], again["body"]) == (200, answer["body"])


def test_the_arm_root_has_no_openmp_of_its_own(arm_python):
    # Lambda has none either: the scoring layer brings it.
    assert [*Path(arm_root.ROOT, "usr/lib").rglob("libgomp*")] == []
