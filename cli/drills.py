"""`vigil incident drill`: plants a fault on the embedded stack and walks through the runbook that must find it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer

from cli import deployment
from cli.api import RequestFailed, connect, request_json
from cli.drill_alerts import end_alert, open_alerts
from cli.drill_faults import FAULTS, Fault, Site
from cli.embedded import Embedded
from cli.incident_walk import INCIDENTS, Fields, Walk
from cli.tables import TableConsole
from vigil.errors import FieldError, InvalidInput, NotFound

out = TableConsole()
_STOPPED = 128 + signal.SIGTERM
_SIGNED = ("drill", "A drill. The fault was planted.")


def drill_command(
    incident_type: Annotated[str, typer.Argument(metavar="TYPE", help="Type of the incident: " + ", ".join(FAULTS))],
) -> None:
    """Plant a fault on the embedded stack, walk through its runbook, remove the fault, and end its alert.

    Exit with code 1 if no check names the fault, or if the runbook does not end.
    """
    if incident_type not in FAULTS:
        raise InvalidInput(FieldError("TYPE", "is not a type of incident", ", ".join(FAULTS)))
    # A stopped drill removes its fault, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_STOPPED))
    with _operators() as (site, second):
        named_by = drill(incident_type, site, second)
    out.print(f"{incident_type}: the check {named_by} named the fault, and the runbook ended.", highlight=False)


def drill(incident_type: str, site: Site, second: httpx.Client) -> str:
    """Run one drill and return the name of the check that named the fault.

    The fault is removed and its alert ended, also after a failure.

    Raises RequestFailed if no check names the fault, or if a step fails.
    """
    with _planted(incident_type, site) as fault:
        body = {"type": incident_type, "scope": dict(fault.scope)}
        incident = request_json(site.operator, "POST", INCIDENTS, json=body)
        out.print(f"The drill has the incident {incident['id']}.", highlight=False)
        attendant = _Attendant(fault)
        after = Walk(site.operator, second, attendant, out).run(incident["id"])
        left = [step["title"] for step in after["steps"] if step["status"] not in {"done", "skipped"}]
        if left:
            raise RequestFailed(f"the runbook of {incident['id']} did not end: {left[0]}")
        request_json(site.operator, "POST", f"{INCIDENTS}/{incident['id']}/resolve", json={"cause": _SIGNED[1]})
        if not attendant.has_seen_fault:
            raise RequestFailed(f"the check {fault.check} did not name the planted fault of {incident['id']}")
    return fault.check


@contextmanager
def _planted(incident_type: str, site: Site) -> Iterator[Fault]:
    """Yield the planted fault of a type of incident. At the end remove the fault, and end its alert."""
    planted: Fault | None = None
    before = open_alerts(site.operator)
    try:
        with FAULTS[incident_type](site) as fault:
            planted = fault
            yield fault
    finally:
        if planted and planted.alert_facts:
            out.print(end_alert(site.operator, planted, before), highlight=False)
    out.print("The drill has removed its fault.", highlight=False)


class _Attendant:
    """Takes the action against the fault, confirms it, and signs. It skips no step."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self.has_seen_fault = False

    def choose(self, step: Fields) -> str:
        choices: list[str] = step["choices"]
        return self._fault.action if self._fault.action in choices else choices[0]

    def confirms(self, _: Fields) -> bool:
        return True

    def signs(self, _: Fields) -> tuple[str, str] | None:
        return _SIGNED

    def skips(self, _: Fields) -> str | None:
        return None

    def sees(self, step: Fields) -> None:
        named = step["facts"].get(self._fault.fact)
        if step["uses"] == self._fault.check and step["verdict"] == "faulty" and named is not None:
            self.has_seen_fault |= named.startswith(self._fault.text)
        out.print(f"   {step['verdict'] or step['status']}: {step['summary']}", highlight=False, soft_wrap=True)
        for effect in step["effects"]:
            out.print(f"     change: {effect}", highlight=False, soft_wrap=True)


@contextmanager
def _operators() -> Iterator[tuple[Site, httpx.Client]]:
    """Yield the site of the drill and the client of a second operator. Their keys are revoked at the end.

    Raises NotFound without an embedded stack: no fault is planted anywhere else.
    """
    from vigil.bootstrap import access

    if (embedded := Embedded.load(deployment.state_folder())) is None:
        raise NotFound("drills run on the embedded stack only: run `make up`")
    embedded.activate()
    tenant_id = embedded.tenants[0].tenant_id
    made = [access.keys().create(tenant_id, "operator", "drill", by="operator") for _ in range(2)]
    try:
        with connect(str(made[0].token)) as first, connect(str(made[1].token)) as second:
            yield Site(embedded, first), second
    finally:
        for each in made:
            access.keys().revoke(tenant_id, each.key.key_id, by="operator")
