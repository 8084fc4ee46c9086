"""`vigil local`: the whole system on this machine, in MiniStack, from the same template as on AWS."""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from cli import keys
from cli.checkout import ROOT, STATE, CommandFailed, fingerprint, locked
from cli.embedded import DemoTenant, Embedded
from cli.emulator import Emulator
from cli.stack import Stack, architecture, source_fingerprint, template_fingerprint
from cli.steps import Steps
from models import recipe

if TYPE_CHECKING:
    from cli.training import Trained

DEMO_TENANTS = {"demo-clinic": "ENTERPRISE", "demo-district": "FREE"}
DEMO_LIMITS = {"per_minute": 6_000, "per_hour": 60_000}
"""Who tries things out, or tests them, asks more often than a tenant of its tier."""
READY_SECONDS = 60.0
AUTHORIZER_CACHE_SECONDS = 2
"""Lifetime of both caches of the authorizer. A revocation takes effect after twice this time."""
app = typer.Typer(no_args_is_help=True, help="The embedded stack: the whole system on this machine.")
out = Console()
StateDir = Annotated[Path, typer.Option("--state-dir", envvar="VIGIL_HOME", help="Where its state is kept")]


@app.command("up")
def up_command(state_dir: StateDir = STATE) -> None:
    """Train, build, start, deploy, publish; only what is not done yet."""
    deployed = up(state_dir.resolve())
    out.print(f"up: [bold]{deployed.api_url}[/] [dim](state in {state_dir})[/]", soft_wrap=True)


@app.command("down")
def down_command(state_dir: StateDir = STATE) -> None:
    """End MiniStack and all that it started; what it held is gone, models and keys stay."""
    out.print("down" if down(state_dir.resolve()) else "nothing was running")


@app.command("status")
def status_command(state_dir: StateDir = STATE) -> None:
    """Show what is running; exit code 1 if it is not serving."""
    state = state_dir.resolve()
    endpoint, deployed = Emulator(state).endpoint(), Embedded.load(state)
    if endpoint is None or deployed is None:
        out.print("not running; `make up` starts it")
        raise typer.Exit(1)
    ready = _ready(deployed.api_url)
    table = Table(show_header=False, box=None)
    table.add_row("serving", "[green]yes[/]" if ready else "[red]no[/]")
    table.add_row("API", deployed.api_url)
    table.add_row("documentation", deployed.docs_url)
    table.add_row("MiniStack", f"{endpoint} (log: {Emulator(state).log})")
    table.add_row("stack", deployed.stack_name)
    table.add_row("models", ", ".join(f"{name} version {version}" for name, version in deployed.models.items()))
    table.add_row("tenants", ", ".join(f"{tenant.tenant_id} ({tenant.tier})" for tenant in deployed.tenants))
    table.add_row("keys and names", str(state / "local.json"))
    out.print(table)
    raise typer.Exit(0 if ready else 1)


def up(state: Path) -> Embedded:
    """Bring the stack of a state folder up to date with the sources and return where it is.

    Safe to repeat, to run twice at once, and to run again after it or MiniStack was killed. Raises CommandFailed.
    """
    with _locked(state), Steps(out) as steps:
        for kept in ("keys", "packages"):  # models are trained once for all stacks of a checkout
            (STATE / kept).mkdir(parents=True, exist_ok=True)
            if not (state / kept).exists():
                (state / kept).symlink_to(STATE / kept)
        return _Up(state, steps).run()


def down(state: Path) -> bool:
    """End the stack of a state folder; return whether it was running."""
    with _locked(state):
        (state / "local.json").unlink(missing_ok=True)
        return Emulator(state).stop()


@dataclass
class _Up:
    """One run of `up`."""

    state: Path
    steps: Steps

    def run(self) -> Embedded:
        """Do what is missing, side by side where nothing waits for anything."""
        parameters = _parameters()
        wanted = fingerprint([ROOT / "models"], source_fingerprint(), json.dumps(parameters))
        template = template_fingerprint()
        known = Embedded.load(self.state)
        running = known if known and Emulator(self.state).endpoint() == known.endpoint_url else None
        if running and running.fingerprint == wanted:
            return running
        # A record is there only while a deployment is whole: without one, whatever runs is left from a killed run.
        (self.state / "local.json").unlink(missing_ok=True)
        # MiniStack cannot change every resource in place: some it refuses, and some it makes anew, empty.
        before = running if running and running.template == template else None
        if running and not before:
            self.steps.say("The template has changed: what ran ends, with its tenants and data, and a new one begins.")
        with ThreadPoolExecutor() as pool:
            trainings = [pool.submit(self._train, name) for name in recipe.names()]
            built = pool.submit(self._build)
            started = pool.submit(self._start, before)
            deployed = self._deploy(built, started, parameters)
            deployed.activate()
            self._sign(deployed)
            deployed = replace(deployed, tenants=before.tenants if before else self._create_tenants())
            deployed = replace(deployed, models=dict(self._publish(training) for training in trainings))
        self._wait(deployed)
        deployed = replace(deployed, fingerprint=wanted, template=template)
        deployed.save(self.state)
        return deployed

    def _train(self, name: str) -> "Trained":
        from cli.training import Training, train

        with self.steps.step(f"Train and sign {name}") as step:
            trained = train(Training(name, STATE / "packages"), keys.signing_key(STATE / "keys"), step.say)
            if trained.reused:
                step.skip(f"version {trained.version} is current")
            return trained

    def _build(self) -> None:
        with self.steps.step("Build layers and functions") as step:
            if not Stack(self.state).build():
                step.skip("sources are unchanged")

    def _start(self, before: Embedded | None) -> str:
        with self.steps.step("Start MiniStack") as step:
            if before:
                step.skip("it runs")
                return before.endpoint_url
            return Emulator(self.state).start()

    def _deploy(self, built: "Future[None]", started: "Future[str]", parameters: dict[str, str]) -> Embedded:
        endpoint_url = started.result()
        built.result()
        with self.steps.step("Deploy template.yaml"):
            return Stack(self.state).deploy(endpoint_url, parameters)

    def _sign(self, deployed: Embedded) -> None:
        from cli.tokens import rotate_embedded

        with self.steps.step("Make the first key that signs tokens") as step:
            url = f"{deployed.api_url}/.well-known/jwks.json"
            if httpx.get(url, timeout=READY_SECONDS, trust_env=False).is_success:
                step.skip("there is one")
            else:
                rotate_embedded(deployed)

    def _create_tenants(self) -> tuple[DemoTenant, ...]:
        from cli.tenants import create_key, create_tenant
        from vigil.access.tenants.service import Change

        with self.steps.step("Create two demo tenants"):
            for tenant_id, tier in DEMO_TENANTS.items():
                create_tenant(tenant_id, tier, Change(limits=DEMO_LIMITS))
            return tuple(DemoTenant(name, tier, create_key(name, "admin")) for name, tier in DEMO_TENANTS.items())

    def _publish(self, training: "Future[Trained]") -> tuple[str, int]:
        from cli.models import promote, publish

        trained = training.result()
        name = trained.folder.parent.name
        with self.steps.step(f"Publish {name} version {trained.version}"):
            publish(trained.folder, keys_folder=STATE / "keys")
            promote(name, trained.version, keys_folder=STATE / "keys")
        return name, trained.version

    def _wait(self, deployed: Embedded) -> None:
        with self.steps.step("Wait until it serves"):
            deadline = time.monotonic() + READY_SECONDS
            while not _ready(deployed.api_url):
                if time.monotonic() > deadline:
                    raise CommandFailed(f"It does not become ready; see {Emulator(self.state).log}")
                time.sleep(0.2)


def _parameters() -> dict[str, str]:
    """Return the stack's parameters; the first run makes the signing key."""
    with locked(STATE / "keys.lock"):
        if not (STATE / "keys" / keys.PRIVATE).exists():
            keys.create(STATE / "keys")
    return {
        "Stage": "local",
        "Architecture": architecture(),
        "ModelKeys": (STATE / "keys" / keys.PUBLIC).read_text(),
        # A loaded laptop is slower than Lambda and DynamoDB, and a time-out would look like a fault.
        "ScoringTimeoutSeconds": "28",
        "AuthorizerTimeoutSeconds": "28",
        # Nobody wants to see a minute's caution on a laptop.
        "OffboardingPauseSeconds": "2",
        "AuthorizerCacheSeconds": str(AUTHORIZER_CACHE_SECONDS),
        "AwsConnectTimeoutMs": "2000",
        "AwsReadTimeoutMs": "10000",
    }


def _ready(api_url: str) -> bool:
    try:
        return httpx.get(f"{api_url}/health/readiness", timeout=30, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _locked(state: Path) -> AbstractContextManager[None]:
    """Hold a state folder."""
    return locked(state / "lock", lambda: out.print("waiting for another run on the same state folder", style="dim"))
