"""Vigil's native libraries on arm64 return the same bits as on this machine."""

import os
import random
import subprocess
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from cli import native
from cli.checkout import uv
from layers import build
from models.packing import pack_table
from tests.support.lightgbm_models import NAMES, WITH_CATEGORIES, train
from vigil.assistant.retrieval import passages_library_model as passages_library
from vigil.decisions.batches import fast_rows
from vigil.prediction.engines import distance, trees

SOURCES = Path(build.LAYERS, "scoring")
EXPORTED = {
    trees.LIBRARY_FILE: {
        *(f"vigil_trees_{name}" for name in ("load", "free", "score", "score_rows", "explain")),
        *(f"vigil_forest_{name}" for name in ("load", "length")),
    },
    distance.LIBRARY_FILE: {"vigil_distance_squared"},
    fast_rows.LIBRARY_FILE: {"vigil_rows_table", "vigil_rows_object"},
    passages_library.LIBRARY_FILE: {"vigil_nearest_rows", "vigil_terms_count", "vigil_terms_score"},
}


def compiled(program, library, *sources):
    """Compile a small program with a library's sources for arm64, statically, with the flags of the layer."""
    flags = [flag.replace("gnu.2.28", "musl") for flag in build.target_of("aws").compiler_flags]
    main = Path(__file__).with_name(f"{program.name}.c")
    subprocess.run(
        [uv(), "tool", "run", "--from", build.ZIG, "python-zig", "cc", *flags, *build.OWN_FLAGS, "-static",
         "-I", SOURCES / library, "-o", program, main, *sources],
        check=True,
        env=os.environ | build.ZIG_CACHES,
    )  # fmt: skip
    return program


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("arm") / "answer_rows", "trees", *SOURCES.glob("trees/*.c"))


@pytest.mark.arm
@pytest.mark.parametrize("settings", [{}, WITH_CATEGORIES], ids=["numeric", "categories"])
def test_arm64_returns_the_same_scores_as_this_machine(qemu, answering, settings, tmp_path):
    native.add_to_path()
    model = train(**settings)
    (tmp_path / "table").write_bytes(pack_table(model.text))
    (tmp_path / "rows").write_bytes(model.rows.tobytes())
    done = subprocess.run([qemu, answering, tmp_path / "table", tmp_path / "rows"], check=True, capture_output=True)
    answers = np.frombuffer(done.stdout)
    count = len(model.rows)
    engine = trees.load(pack_table(model.text), model.text, len(NAMES))
    assert answers[:count].tolist() == list(engine.raw_scores(model.rows, count))
    for row, answer in zip(model.rows.tolist(), answers[count:].reshape(count, -1).tolist(), strict=True):
        contributions, base = engine.contributions(row)
        assert answer == [*contributions, base, engine.raw_score(row)]


@pytest.mark.arm
def test_the_compiled_program_is_for_arm64(answering):
    with answering.open("rb") as file:
        assert ELFFile(file).header.e_machine == "EM_AARCH64"


@pytest.mark.arm
def test_arm64_parses_numbers_like_python(qemu, tmp_path):
    draws = random.Random(20260301)
    texts = [repr(draws.uniform(-1, 1) * 10 ** draws.randint(-30, 30)) for _ in range(3_000)]
    texts += [f"{draws.uniform(-9, 9):.{draws.randint(1, 25)}f}" for _ in range(3_000)]
    texts += [f"{draws.getrandbits(64)}e{draws.randint(-340, 280)}" for _ in range(3_000)]
    texts = [text for text in texts if float(text)]
    (tmp_path / "lines").write_text("".join(f"p,{text}\n" for text in texts))
    program = compiled(tmp_path / "read_numbers", "rows")
    done = subprocess.run([qemu, program, tmp_path / "lines"], check=True, capture_output=True)
    assert np.frombuffer(done.stdout).tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("name", EXPORTED)
def test_libraries_export_the_same_functions_on_both_machines(name):
    machines = {}
    for target in ("aws", "local"):
        folders = [build.own(build.target_of(target), layer) / build.NATIVE_FOLDER for layer in build.OWN_LIBRARIES]
        (library,) = (folder / name for folder in folders if (folder / name).exists())
        with library.open("rb") as file:
            elf = ELFFile(file)
            symbols = elf.get_section_by_name(".dynsym").iter_symbols()
            assert {s.name for s in symbols if s.name and s["st_shndx"] != "SHN_UNDEF"} == EXPORTED[name]
            needed = [tag.needed for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")]
            assert needed == ["libc.so.6"]
            machines[target] = elf.header.e_machine
    assert machines["aws"] == "EM_AARCH64"
