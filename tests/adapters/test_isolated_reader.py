"""Each file is read in a process of its own, which has bounds, no variables of ours, and only the folders of layers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

import vigil
from tests.support.document_bombs import BOMBS
from tests.support.docx_files import docx, paragraph
from tests.support.pdf_files import line, pdf
from vigil.assistant.passages import isolated_reader
from vigil.assistant.passages.failures_model import FAILURES, UnreadableDocument
from vigil.assistant.passages.isolated_reader import IsolatedReader

TEXT = 'CD4 ≥ 10³ "quoted" \\ 日本'
FILES = {
    "pdf": pdf([line(50, 700, "Text of a page")]),
    "docx": docx(paragraph(TEXT)),
    "html": f"<p>{TEXT}".encode(),
    "markdown": TEXT.replace("\\", "\\\\").encode(),
    "text": TEXT.encode(),
}
# A function on Lambda has the folder of its layers on the path, no site-packages, and variables with credentials.
LAMBDA = """
import json, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path and path]
sys.path.insert(0, sys.argv[1])
from vigil.assistant.passages.isolated_reader import IsolatedReader
found = IsolatedReader().read("pdf", sys.stdin.buffer.read())
print(json.dumps([block.text for block in found.blocks]))
"""


@pytest.mark.parametrize("form", FILES)
def test_each_format_is_read_in_its_process(form):
    (block,) = IsolatedReader().read(form, FILES[form]).blocks
    assert block.text == ("Text of a page" if form == "pdf" else TEXT)
    assert block.page == (1 if form == "pdf" else None)


def test_declared_encoding_reaches_the_process():
    assert IsolatedReader().read("text", "é".encode("cp1252"), "iso-8859-1").blocks[0].text == "é"


def test_failure_keeps_its_code_and_page():
    with pytest.raises(UnreadableDocument) as refused:
        IsolatedReader().read("text", b"\xff")
    assert (refused.value.code, refused.value.page) == ("unknown_encoding", None)
    assert str(refused.value) == FAILURES["unknown_encoding"]


def test_file_above_the_limit_starts_no_process(monkeypatch):
    monkeypatch.setattr(isolated_reader.subprocess, "Popen", None)
    with pytest.raises(UnreadableDocument) as refused:
        IsolatedReader().read("text", b"x" * 10_000_001)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "too_complex"),
        ("import time; time.sleep(60)", "too_complex"),
        ("raise SystemExit(1)", "crashed"),
        ("print('not json')", "crashed"),
        ('print(\'{"blocks": 2, "hidden": 0}\')', "crashed"),
        ("import sys; sys.stdin.read(); print('x' * 1_000_000)", "crashed"),
    ],
)
def test_end_of_the_process_is_a_failure_of_the_file(program, code, tmp_path, monkeypatch):
    fake = tmp_path / "python"
    fake.write_text(f"#!{sys.executable}\n{program}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(isolated_reader.sys, "executable", str(fake))
    monkeypatch.setattr(isolated_reader, "MAX_RESULT_BYTES", 100_000)
    seconds = 0.5 if "sleep" in program else 60
    monkeypatch.setattr(isolated_reader, "WALL_TIME", isolated_reader.timedelta(seconds=seconds))
    with pytest.raises(UnreadableDocument) as refused:
        IsolatedReader().read("text", b"x" * 1_000_000)
    assert refused.value.code == code


def test_process_has_no_variables_but_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    fake = tmp_path / "python"
    target = tmp_path / "variables.json"
    fake.write_text(f"#!{sys.executable}\nimport json, os\njson.dump(dict(os.environ), open('{target}', 'w'))\n")
    fake.chmod(0o755)
    monkeypatch.setattr(isolated_reader.sys, "executable", str(fake))
    with pytest.raises(UnreadableDocument):
        IsolatedReader().read("text", b"x")
    own = json.loads(target.read_text()).keys() - {"LC_CTYPE", "LD_LIBRARY_PATH"}
    assert own == {"PYTHONPATH", "PYTHONUTF8"}


def test_folder_of_a_layer_is_enough(tmp_path):
    for package in (vigil, pypdf):
        folder = Path(package.__file__).parent
        (tmp_path / folder.name).symlink_to(folder)
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAMBDA, str(tmp_path)],
        input=FILES["pdf"],
        capture_output=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"},
    )
    assert json.loads(done.stdout) == ["Text of a page"]


def outcome(bomb):
    try:
        IsolatedReader().read(bomb.form, bomb.content())
    except UnreadableDocument as failure:
        return failure.code
    return "text"


@pytest.mark.parametrize("name", [name for name, bomb in BOMBS.items() if bomb.end])
def test_fast_bomb_ends_with_its_failure_or_bounded_text(name):
    assert outcome(BOMBS[name]) == BOMBS[name].end
