"""`vigil local`: deploys the AWS template to MiniStack on this machine."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.table import Table
from rich.text import Text

from cli import keys, pager
from cli.checkout import ROOT, STATE, CommandFailed, fingerprint, locked
from cli.embedded import DemoTenant, Embedded
from cli.emulator import Emulator
from cli.release import with_release
from cli.stack import Stack, address_of, architecture, source_fingerprint, template_fingerprint
from cli.steps import Steps
from cli.tables import TableConsole
from models import recipe
from vigil.errors import Unavailable

if TYPE_CHECKING:
    from cli.training import Trained

DEMO_TENANTS = {"demo-clinic": "ENTERPRISE", "demo-practice": "FREE"}
DEMO_LIMITS = {"per_minute": 6_000, "per_hour": 60_000}
"""Request limits of the demo tenants, above those of their tiers: demo and tests send many requests."""
READY_SECONDS = 60.0
AUTHORIZER_CACHE_SECONDS = 2
"""Lifetime of both caches of the authorizer. A revocation takes effect after twice this time."""
app = typer.Typer(no_args_is_help=True, help="Run the embedded stack: the whole system on this machine.")
out = TableConsole()
StateDir = Annotated[Path, typer.Option("--state-dir", envvar="VIGIL_HOME", help="Folder of the local state")]


@app.command("up")
def up_command(state_dir: StateDir = STATE) -> None:
    """Train, build, start, deploy and publish everything that is not up to date."""
    deployed = up(state_dir.resolve())
    out.print(Text.assemble("up: ", (deployed.api_url, "bold"), (f" (state in {state_dir})", "dim")), soft_wrap=True)


@app.command("down")
def down_command(state_dir: StateDir = STATE) -> None:
    """Stop the embedded stack and delete its data. Models and keys stay."""
    out.print("stopped" if down(state_dir.resolve()) else "the stack was not running")


@app.command("status")
def status_command(state_dir: StateDir = STATE) -> None:
    """Show the state of the embedded stack; exit with code 1 if it does not serve."""
    state = state_dir.resolve()
    endpoint, deployed = Emulator(state).endpoint(), Embedded.load(state)
    if endpoint is None or deployed is None:
        out.print("not running; `make up` starts it")
        raise typer.Exit(1)
    ready = _ready(deployed.api_url)
    table = Table(show_header=False, box=None)
    table.add_row("serving", Text("yes", "green") if ready else Text("no", "red"))
    table.add_row("API", deployed.api_url)
    table.add_row("documentation", deployed.docs_url)
    table.add_row("MiniStack", f"{endpoint} (log: {Emulator(state).log})")
    table.add_row("stack", deployed.stack_name)
    table.add_row("models", ", ".join(f"{name} version {version}" for name, version in deployed.models.items()))
    table.add_row("tenants", ", ".join(f"{tenant.tenant_id} ({tenant.tier})" for tenant in deployed.tenants))
    limits = "{per_minute:,} requests a minute and {per_hour:,} an hour per key, above the tiers"
    table.add_row("their limits", limits.format(**DEMO_LIMITS))
    table.add_row("keys and names", str(state / "local.json"))
    out.print(table)
    raise typer.Exit(0 if ready else 1)


def up(state: Path) -> Embedded:
    """Bring the stack of a state folder up to date with the sources and return its record.

    Safe to repeat, to run twice at once, and to run again after a crash. Raises CommandFailed if a step fails. Of a
    step without an answer in time, the error names the remedy and the log.
    """
    with _locked(state), Steps(out) as steps, _named_remedy(state):
        for folder in ("keys", "packages"):  # models are trained once for all stacks of a checkout
            (STATE / folder).mkdir(parents=True, exist_ok=True)
            if not (state / folder).exists():
                (state / folder).symlink_to(STATE / folder)
        return _StackUpdate(state, steps).run()


def down(state: Path) -> bool:
    """Stop the stack of a state folder; return True if it was running."""
    with _locked(state):
        (state / "local.json").unlink(missing_ok=True)
        return Emulator(state).stop()


@dataclass
class _StackUpdate:
    """One update of the stack of a state folder."""

    state: Path
    steps: Steps

    def run(self) -> Embedded:
        """Run the missing steps, independent steps in parallel."""
        for name in recipe.recipe_names():
            recipe.check_name(name)
        parameters = stack_parameters(self.state)
        current = fingerprint([ROOT / "models"], source_fingerprint(), json.dumps(parameters))
        template = template_fingerprint()
        known = Embedded.load(self.state)
        running = known if known and Emulator(self.state).endpoint() == known.endpoint_url else None
        if running and running.fingerprint == current:
            return running
        # A record exists only for a complete deployment. Without one, a running stack is left from a killed run.
        (self.state / "local.json").unlink(missing_ok=True)
        # MiniStack cannot update every resource in place: it refuses some and replaces others by empty ones.
        updatable = running if running and running.template == template else None
        if running and not updatable:
            self.steps.show("The template has changed: replacing the running stack. Its tenants and data are deleted.")
        with ThreadPoolExecutor() as pool:
            trainings = [pool.submit(self._train, name) for name in recipe.recipe_names()]
            built = pool.submit(self._build)
            started = pool.submit(self._start, updatable)
            deployed = self._deploy(built, started, parameters)
            deployed.activate()
            self._sign(deployed)
            deployed = replace(deployed, tenants=updatable.tenants if updatable else self._create_tenants())
            deployed = replace(deployed, models=dict(self._publish(training) for training in trainings))
        self._wait(deployed)
        deployed = replace(deployed, fingerprint=current, template=template)
        deployed.save(self.state)
        return deployed

    def _train(self, name: str) -> "Trained":
        from cli.training import Training, train

        with self.steps.step(f"Train and sign {name}") as step:
            trained = train(Training(name, STATE / "packages"), keys.load_signing_key(STATE / "keys"), step.show)
            if trained.reused:
                step.skip(f"version {trained.version} is current")
            return trained

    def _build(self) -> Path:
        with self.steps.step("Build layers and functions") as step:
            folder, ran = Stack(self.state).build()
            if not ran:
                step.skip("sources are unchanged")
            return folder

    def _start(self, updatable: Embedded | None) -> str:
        with self.steps.step("Start MiniStack") as step:
            if updatable:
                step.skip("already running")
                return updatable.endpoint_url
            return Emulator(self.state).start()

    def _deploy(self, built: "Future[Path]", started: "Future[str]", parameters: dict[str, str]) -> Embedded:
        endpoint_url, build = started.result(), built.result()
        with self.steps.step("Deploy template.yaml"):
            return Stack(self.state).deploy(build, endpoint_url, with_address(parameters, endpoint_url))

    def _sign(self, deployed: Embedded) -> None:
        """Create the first signing key. A request for a missing one would count as a server error of the stack."""
        from cli.tokens import rotate_embedded
        from vigil.bootstrap import access

        with self.steps.step("Create the first signing key of tokens") as step:
            if access.published_keys().read().keys:
                step.skip("exists")
            else:
                rotate_embedded(deployed)

    def _create_tenants(self) -> tuple[DemoTenant, ...]:
        from cli.tenants import create_key, create_tenant
        from vigil.access.tenants.service import TenantChange

        with self.steps.step("Create two demo tenants, with limits above their tiers"):
            for tenant_id, tier in DEMO_TENANTS.items():
                create_tenant(tenant_id, tier, TenantChange(limits=DEMO_LIMITS))
            keys = {tenant_id: str(create_key(tenant_id, "admin").token) for tenant_id in DEMO_TENANTS}
            return tuple(DemoTenant(name, tier, keys[name]) for name, tier in DEMO_TENANTS.items())

    def _publish(self, training: "Future[Trained]") -> tuple[str, int]:
        from cli.models import promote, publish

        trained = training.result()
        name = trained.folder.parent.name
        with self.steps.step(f"Publish {name} version {trained.version}"):
            publish(trained.folder, keys_folder=STATE / "keys")
            promote(name, trained.version, keys_folder=STATE / "keys")
        return name, trained.version

    def _wait(self, deployed: Embedded) -> None:
        with self.steps.step("Wait until the API is ready"):
            deadline = time.monotonic() + READY_SECONDS
            while not _ready(deployed.api_url):
                if time.monotonic() > deadline:
                    raise CommandFailed(
                        f"the API is not ready after {READY_SECONDS:.0f} s; see {Emulator(self.state).log}"
                    )
                time.sleep(0.2)


def stack_parameters(state: Path) -> dict[str, str]:
    """Return the parameters of a stack. The first call creates the signing key and chooses the port of the pager."""
    with locked(STATE / "keys.lock"):
        if not (STATE / "keys" / keys.PRIVATE).exists():
            keys.create_signing_key(STATE / "keys")
    parameters = {
        "Stage": "local",
        "Architecture": architecture(),
        "ModelKeys": (STATE / "keys" / keys.PUBLIC).read_text(),
        # A busy laptop is slower than Lambda and DynamoDB; a time-out would look like a fault.
        "ScoringTimeoutSeconds": "28",
        "AuthorizerTimeoutSeconds": "28",
        # On AWS the pause is two minutes; it would only slow down the local stack.
        "OffboardingPauseSeconds": "2",
        "SamplePauseSeconds": "1",
        # The certificate of a leaving tenant waits for the expiry of its upload addresses.
        "UploadAddressSeconds": "30",
        "AuthorizerCacheSeconds": str(AUTHORIZER_CACHE_SECONDS),
        "AwsConnectTimeoutMs": "2000",
        "AwsReadTimeoutMs": "10000",
        # The demo pages a vendor on this machine. No other loopback address can be reached.
        "OutboundAllow": f"{pager.HOST}:{pager.load_port(state)}",
    }
    return with_release(parameters)


def with_address(parameters: Mapping[str, str], endpoint_url: str) -> dict[str, str]:
    """Return the parameters with the address of the API behind a MiniStack, so that notices have links."""
    return with_release({**parameters, "ApiAddress": address_of(endpoint_url)})


def _ready(api_url: str) -> bool:
    try:
        return httpx.get(f"{api_url}/health/readiness", timeout=30, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def _named_remedy(state: Path) -> Iterator[None]:
    """Raise CommandFailed with the remedy and the log for an answer of MiniStack that is missing."""
    from botocore.exceptions import HTTPClientError

    try:
        yield
    except (Unavailable, HTTPClientError) as error:
        raise CommandFailed(
            f"{error}\nThe machine may be busy: run `make demo` again; finished steps are skipped. "
            f"The log is {Emulator(state).log}"
        ) from error


def _locked(state: Path) -> AbstractContextManager[None]:
    """Lock a state folder."""
    return locked(
        state / "lock", lambda: out.print("Waiting for another command that uses the same state folder", style="dim")
    )
