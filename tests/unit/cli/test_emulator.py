"""A MiniStack that does not answer ends the command with a message that says what to do."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cli import emulator
from cli.checkout import CommandFailed
from cli.emulator import Emulator


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    """Return a function that starts a program in place of MiniStack and returns the message of its failure."""
    monkeypatch.setattr(emulator, "tool_python", lambda _: Path(sys.executable))
    monkeypatch.setattr(emulator, "fingerprint", lambda *_: "release")

    def start(program, seconds):
        main = tmp_path / "program.py"
        main.write_text(program)
        monkeypatch.setattr(emulator, "MAIN", main)
        monkeypatch.setattr(emulator, "START_SECONDS", seconds)
        stack = Emulator(tmp_path / "state")
        with pytest.raises(CommandFailed) as failure:
            stack.start()
        assert str(stack.log) in str(failure.value)
        return str(failure.value)

    return start


RECORDED = """import os, sys, time
with open(sys.argv[1], "w") as record:
    record.write(f"{os.getpid()} 1 {sys.argv[2]}")
time.sleep(60)
"""


def test_a_slow_emulator_names_the_remedy_and_an_empty_log(refusal):
    message = refusal(RECORDED, 1.0)
    assert "The machine may be busy: run the command again." in message
    assert message.endswith("and it is empty.")


def test_an_ended_emulator_shows_the_end_of_its_log(refusal):
    message = refusal("raise SystemExit('the port is taken')", 60.0)
    assert "ended with exit code 1" in message
    assert message.endswith("It ends with:\nthe port is taken")
    assert "busy" not in message


def test_a_slow_emulator_without_a_record_is_stopped(refusal):
    before = psutil.Process().children()
    refusal("import time; time.sleep(60)", 0.2)
    assert psutil.Process().children() == before


@pytest.mark.parametrize(("is_own", "found"), [(True, True), (False, False)])
def test_an_emulator_is_found_by_its_command_line_after_a_clock_change(tmp_path, is_own, found):
    stack, record = Emulator(tmp_path), tmp_path / "ministack.pid"
    argument = str(record) if is_own else "another program"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", argument]) as child:
        record.write_text(f"{child.pid} 1 release")
        os.utime(record, (0, 0))
        while argument not in psutil.Process(child.pid).cmdline():
            time.sleep(0.01)  # the child has its new command line shortly after its start
        try:
            assert stack.stop() is found
            assert (child.poll() is not None) is found
        finally:
            child.kill()
    assert not record.exists()


def test_an_emulator_has_three_minutes_to_start():
    assert emulator.START_SECONDS == 180
