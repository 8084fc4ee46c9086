"""Walks through the runbook of an incident: runs each step through the API and waits for its result."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
from rich.console import Console

from cli.api import RequestFailed, request_json
from cli.steps import Steps

INCIDENTS = "/v1/incidents"
Fields = dict[str, Any]
_POLL_SECONDS = 0.5
_GRACE_SECONDS = 120
"""Time beyond the minutes of a step after which its worker counts as lost, in seconds."""


class Attendant(Protocol):
    """The person at the walk. `step` has the fields of the API."""

    def choose(self, step: Fields) -> str:
        """Return the action of a step with several choices."""
        ...

    def confirms(self, step: Fields) -> bool:
        """Return True if the changes of a dry run may be made."""
        ...

    def signs(self, step: Fields) -> tuple[str, str] | None:
        """Return name and note of the sign-off of a manual step, or None to end the walk."""
        ...

    def skips(self, step: Fields) -> str | None:
        """Return the note with which a refused or failed step is skipped, or None to end the walk."""
        ...

    def sees(self, step: Fields) -> None:
        """Show the result of a step."""
        ...


class Walk:
    """A walk through one incident. A later walk continues an earlier one. `second` confirms actions of two persons."""

    def __init__(self, client: httpx.Client, second: httpx.Client, attendant: Attendant, console: Console) -> None:
        self._client = client
        self._second = second
        self._attendant = attendant
        self._console = console

    def run(self, incident_id: str) -> Fields:
        """Do the steps that are neither done nor skipped; return the incident. It ends where the attendant ends it."""
        path = f"{INCIDENTS}/{incident_id}"
        incident: Fields = request_json(self._client, "GET", path)
        for step in incident["steps"]:
            if step["status"] not in {"done", "skipped"} and not self._do(path, step):
                break
        ended: Fields = request_json(self._client, "GET", path)
        return ended

    def _do(self, path: str, step: Fields) -> bool:
        """Do one step; return False if the walk ends here."""
        place = f"{path}/steps/{step['number']}"
        if step["kind"] == "manual":
            return self._sign(place, step)
        after = self._run(path, place, step)
        if after["status"] == "previewed":
            self._attendant.sees(after)
            after = self._confirm(path, place, after) if self._attendant.confirms(after) else after
        self._attendant.sees(after)
        if after["status"] == "done":
            return True
        note = self._attendant.skips(after)
        if note is not None:
            request_json(self._client, "POST", f"{place}/skip", json={"note": note})
        return note is not None

    def _run(self, path: str, place: str, step: Fields) -> Fields:
        """Return a step after its check or its dry run. Only a step whose dry run has expired is restarted."""
        must_start = step["status"] in {"waiting", "failed"} or _has_expired(step)
        body = {"action": self._attendant.choose(step)} if must_start and len(step["choices"]) > 1 else {}
        with self._progress(_title(step)):
            if must_start:
                request_json(self._client, "POST", f"{place}/run", json=body)
            return self._wait(path, step)

    def _confirm(self, path: str, place: str, step: Fields) -> Fields:
        person = self._second if step["needs_second_person"] else self._client
        with self._progress(f"{_title(step)}: {step['uses']}"):
            request_json(person, "POST", f"{place}/confirm", json={"attempt": step["attempt"]})
            return self._wait(path, step)

    def _sign(self, place: str, step: Fields) -> bool:
        signature = self._attendant.signs(step)
        if signature is None:
            return False
        body = dict(zip(("name", "note"), signature, strict=True))
        self._attendant.sees(request_json(self._client, "POST", f"{place}/sign", json=body))
        return True

    @contextmanager
    def _progress(self, title: str) -> Iterator[None]:
        """Show a step while it runs. The display ends before the attendant is asked."""
        with Steps(self._console) as steps, steps.step(title):
            yield

    def _wait(self, path: str, step: Fields) -> Fields:
        """Return the step after its run. Raises RequestFailed if it runs for longer than its minutes allow."""
        deadline = time.monotonic() + 60 * step["minutes"] + _GRACE_SECONDS
        while True:
            now: Fields = request_json(self._client, "GET", path)["steps"][step["number"] - 1]
            if now["status"] != "running":
                return now
            if time.monotonic() > deadline:
                raise RequestFailed(f"step {step['number']} still runs; walk through the incident again later")
            time.sleep(_POLL_SECONDS)


def _has_expired(step: Fields) -> bool:
    """Return True if the dry run of a step is too old to be confirmed."""
    from vigil.operations.incidents.life_model import PREVIEW_LIFE

    return step["status"] == "previewed" and datetime.fromisoformat(step["ended_at"]) + PREVIEW_LIFE < datetime.now(UTC)


def _title(step: Fields) -> str:
    return f"{step['number']}. {step['title']}"
