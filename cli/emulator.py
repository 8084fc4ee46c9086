"""Process control of MiniStack: start in the background on a free loopback port, find, and stop with its children."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from cli.checkout import ROOT, CommandFailed, fingerprint, pin, tool_python
from cli.embedded import CREDENTIALS, REGION

MAIN = ROOT / "cli" / "ministack_main.py"
PARTS = tuple(ROOT / "cli" / f"ministack_{part}.py" for part in ("gateway", "logs", "metrics"))
START_SECONDS = 180.0
"""Longest wait for the first answer: a busy machine has needed 134 s."""
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Emulator:
    """MiniStack process of one state folder."""

    state: Path

    @property
    def log(self) -> Path:
        """Path of the log of MiniStack."""
        return self.state / "ministack.log"

    @property
    def _record(self) -> Path:
        return self.state / "ministack.pid"

    @property
    def _scratch(self) -> Path:
        return self.state / "ministack"

    def process(self) -> psutil.Process | None:
        """Return the running MiniStack of this state folder, or None.

        Its command line tells it from a later process with the same id. Start times would not: they move with the
        clock of the machine, so that a MiniStack could be lost and run on.
        """
        try:
            process = psutil.Process(int(self._recorded()[0]))
            ours = str(self._record) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return process if ours and process.status() != psutil.STATUS_ZOMBIE else None

    def endpoint(self) -> str | None:
        """Return the URL of MiniStack, or None if it does not answer or is another release than the pinned one."""
        _, port, release = self._recorded()
        if self.process() is None or release != _release():
            return None
        url = f"http://127.0.0.1:{port}"
        try:
            return url if httpx.get(f"{url}/_ministack/ready", timeout=2, trust_env=False).is_success else None
        except httpx.HTTPError:
            return None

    def start(self) -> str:
        """Start an empty MiniStack and return its URL; raise CommandFailed if it does not answer."""
        self.stop()
        self._scratch.mkdir(parents=True)
        port = free_port()
        python = tool_python("ministack")
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                [python, "-P", str(MAIN), str(self._record), _release()],
                cwd=self._scratch,
                env=self._environment(port, python),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and child.poll() is None:
            if url := self.endpoint():
                return url
            time.sleep(0.05)
        refusal = self._refusal(child.poll())
        self.stop()
        child.kill()  # a process without a record is not found by `stop`
        child.wait()
        raise CommandFailed(refusal)

    def stop(self) -> bool:
        """Stop MiniStack and its function workers; return True if MiniStack was running."""
        process = self.process()
        if process is not None:
            processes = [process, *process.children(recursive=True)]
            for member in processes:
                _signal(member, psutil.Process.terminate)
            _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
            for member in alive:
                _signal(member, psutil.Process.kill)
            psutil.wait_procs(alive, timeout=STOP_SECONDS)
        self._record.unlink(missing_ok=True)
        shutil.rmtree(self._scratch, ignore_errors=True)
        return process is not None

    def _refusal(self, code: int | None) -> str:
        """Return the message for a MiniStack that ended with an exit code, or, with None, did not answer in time."""
        if code is None:
            found = f"MiniStack did not answer within {START_SECONDS:.0f} s."
            found += " The machine may be busy: run the command again."
        else:
            found = f"MiniStack ended with exit code {code} before it answered."
            found += " Read its log, then run the command again."
        end = self.log.read_text(errors="replace").strip()[-2000:]
        return f"{found} The log is {self.log}" + (f". It ends with:\n{end}" if end else ", and it is empty.")

    def _recorded(self) -> tuple[str, str, str]:
        """Return the recorded process id, port and release, or empty strings without a record."""
        try:
            pid, port, release = self._record.read_text().split()
        except (OSError, ValueError):
            return "", "", ""
        return pid, port, release

    def _environment(self, port: int, python: Path) -> dict[str, str]:
        """Return the environment of MiniStack. Functions inherit it, so it has nothing of the user's environment."""
        return CREDENTIALS | {
            "PATH": f"{python.parent}:{os.defpath}",
            "HOME": str(self._scratch),
            "TMPDIR": str(self._scratch),
            "S3_DATA_DIR": str(self._scratch / "s3"),
            "STATE_DIR": str(self._scratch / "state"),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "AUTH": "true",  # enforce the role of each function
            "DOCKER_HOST": f"unix://{self._scratch}/no-docker.sock",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def _release() -> str:
    return fingerprint([MAIN, *PARTS], pin("ministack"))


def free_port() -> int:
    """Return a loopback port that no program uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _signal(process: psutil.Process, action: Callable[[psutil.Process], None]) -> None:
    try:
        action(process)
    except psutil.NoSuchProcess:
        return
