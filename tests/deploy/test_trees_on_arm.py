"""The tree library as Lambda runs it: arm64 answers bit for bit what this machine answers."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from cli import native
from cli.checkout import uv
from layers import build
from models.packing import pack
from tests.unit.engines.conftest import NAMES, train
from vigil.engines import trees

SOURCES = Path(build.LAYERS, "scoring", "trees")
QEMU = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
EXPORTED = {f"vigil_trees_{name}" for name in ("load", "free", "score", "score_rows", "explain")}


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    """The sources of the library and a small main, compiled for arm64 with the flags of the layer, but static."""
    program = tmp_path_factory.mktemp("arm") / "answer_rows"
    flags = [flag.replace("gnu.2.28", "musl") for flag in build.target_of("aws").compiler_flags]
    main = Path(__file__).with_name("answer_rows.c")
    subprocess.run(
        [uv(), "tool", "run", "--from", build.ZIG, "python-zig", "cc", *flags, *build.TREE_FLAGS, "-static",
         "-I", SOURCES, "-o", program, main, *SOURCES.glob("*.c")],
        check=True,
        env=os.environ | build.ZIG_CACHES,
    )  # fmt: skip
    return program


@pytest.mark.skipif(QEMU is None, reason="no qemu-aarch64 at hand (Debian: qemu-user): arm64 code was not run")
def test_arm64_answers_what_this_machine_answers(answering, tmp_path):
    native.provide()
    model = train()
    (tmp_path / "table").write_bytes(pack(model.text))
    (tmp_path / "rows").write_bytes(model.rows.tobytes())
    done = subprocess.run([QEMU, answering, tmp_path / "table", tmp_path / "rows"], check=True, capture_output=True)
    answers = np.frombuffer(done.stdout)
    count = len(model.rows)
    engine = trees.load(pack(model.text), model.text, len(NAMES))
    assert answers[:count].tolist() == list(engine.raw_batch(model.rows, count))
    for row, answer in zip(model.rows.tolist(), answers[count:].reshape(count, -1).tolist(), strict=True):
        contributions, base = engine.contributions(row)
        assert answer == [*contributions, base, engine.raw(row)]


def test_the_program_is_for_arm64(answering):
    with answering.open("rb") as file:
        assert ELFFile(file).header.e_machine == "EM_AARCH64"


def test_both_libraries_offer_the_same_functions_and_need_only_the_c_library():
    machines = {}
    for target in ("aws", "local"):
        library = build.trees(build.target_of(target)) / build.NATIVE_FOLDER / trees.FILE
        with library.open("rb") as file:
            elf = ELFFile(file)
            symbols = elf.get_section_by_name(".dynsym").iter_symbols()
            assert {s.name for s in symbols if s.name and s["st_shndx"] != "SHN_UNDEF"} == EXPORTED
            needed = [tag.needed for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")]
            assert needed == ["libc.so.6"]
            machines[target] = elf.header.e_machine
    assert machines["aws"] == "EM_AARCH64"
