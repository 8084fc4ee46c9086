"""Builds `template.yaml` with the SAM CLI and deploys it to the MiniStack of a state folder."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.checkout import ROOT, STATE, CommandFailed, fingerprint, locked, pin, tool_python, uv
from cli.embedded import REGION, Embedded, aws_environment

TEMPLATES = ("template.yaml", "infra")
SOURCES = (*TEMPLATES, "samconfig.toml", "functions", "layers", "uv.lock")
TABLES = (
    *("decisions", "registry", "access", "outcomes", "subjects", "batches"),
    *("limits", "usage", "costs", "idempotency", "flags", "tenant_keys", "alerts", "webhooks"),
    *("failures", "measurements", "monitoring", "incidents"),
)
BUILDS = STATE / "sam-build"
"""Folder of the builds that all stacks of the checkout share."""
KEPT_BUILDS = 2
"""Number of builds in the folder: another stack may deploy the older one while its sources change."""
_LAYER = re.compile(r"^ +ContentUri: (\w+)$", re.MULTILINE)
UPLOADS = "vigil-deployments"  # bucket of the local stage in samconfig.toml


@dataclass(frozen=True)
class Stack:
    """Local stack of one state folder."""

    state: Path

    @property
    def name(self) -> str:
        """Stack name, unique per state folder, so that the logs of two checkouts differ."""
        return f"vigil-local-{fingerprint([], str(self.state))[:6]}"

    @property
    def log(self) -> Path:
        """Path of the output of the last SAM CLI command."""
        return self.state / "sam.log"

    def build(self, builds: Path = BUILDS) -> tuple[Path, bool]:
        """Run `sam build` unless a stack of the checkout has built these sources.

        Return the folder of the build, and True if the command ran.
        """
        folder = builds / source_fingerprint()[:16]
        with locked(builds.with_suffix(".lock")):
            if folder.is_dir():
                return folder, False
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            self._sam("build", "--build-dir", str(partial))
            _pack_layers(partial)
            partial.rename(folder)
            for outdated in sorted(filter(Path.is_dir, builds.iterdir()), key=_changed_at)[:-KEPT_BUILDS]:
                shutil.rmtree(outdated)
            return folder, True

    def deploy(self, build: Path, endpoint_url: str, parameters: Mapping[str, str]) -> Embedded:
        """Run `sam deploy` of a build against MiniStack and return the record of the deployed stack."""
        client = self.client(endpoint_url, "s3")
        if UPLOADS not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket=UPLOADS)
        overrides = self.state / "parameters.yaml"  # JSON is valid YAML, and SAM needs this suffix
        overrides.write_text(json.dumps(parameters))
        self._sam(
            *("deploy", "--template-file", str(build / "template.yaml"), "--stack-name", self.name),
            *("--parameter-overrides", overrides.as_uri()),
            endpoint_url=endpoint_url,
        )
        stacks = self.client(endpoint_url, "cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        out = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
        api_url = address_of(endpoint_url)
        return Embedded(
            api_url=api_url,
            docs_url=f"{api_url}/docs",
            endpoint_url=endpoint_url,
            stack_name=self.name,
            tables={name: out[f"{name.title().replace('_', '')}Table"] for name in TABLES},
            buckets={"packages": out["PackagesBucket"], "batches": out["BatchesBucket"]},
            secrets={
                name: out[f"{name.capitalize()}SecretArn"] for name in ("access", "alerting", "cursor", "signing")
            },
            data_key_arn=out["DataKeyArn"],
            model_keys=parameters["ModelKeys"],
            queues={
                "events_publisher_dead_letters": out["EventsPublisherDeadLetters"],
                "alerts": out["AlertsQueue"],
                "alert_deliveries": out["AlertDeliveriesQueue"],
                "webhook_deliveries": out["WebhookDeliveriesQueue"],
                "batch_splits": out["BatchSplitsQueue"],
                "batch_chunks": out["BatchChunksQueue"],
                "batch_assemblies": out["BatchAssembliesQueue"],
            },
            event_bus=out["EventBus"],
        )

    def client(self, endpoint_url: str, service: str, **more: Any) -> Any:
        """Return a boto3 client of MiniStack; `more` are further arguments of boto3."""
        import boto3

        keys = aws_environment(endpoint_url)
        return boto3.client(
            service,
            endpoint_url=endpoint_url,
            region_name=REGION,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            **more,
        )

    def _sam(self, command: str, *options: str, endpoint_url: str = "") -> None:
        python = tool_python("sam")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
        own = {
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.5",
            "__SAM_CLI_APP_DIR": str(self.state / "sam-home"),
            "VIGIL_BUILD": "local",
            "VIGIL_PYTHON": sys.executable,
            "UV": uv(),
        }
        aws = aws_environment(endpoint_url or "http://127.0.0.1:9")  # a build needs no AWS; this port refuses calls
        config = ("--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local")
        done = subprocess.run(
            [python, "-m", "samcli", command, *config, *options],
            cwd=ROOT, env=inherited | aws | own, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.log.write_text(done.stdout + done.stderr)
        if done.returncode:
            raise CommandFailed(f"sam {command} failed. End of {self.log}:\n{self.log.read_text()[-3000:]}")


def _pack_layers(build: Path) -> None:
    """Replace the copies of each layer by one archive. `sam deploy` would pack every copy at every deployment.

    `sam build` makes a layer once for each district, from the same makefile.
    """
    for template in build.glob("*/template.yaml"):
        text = template.read_text()
        for name in _LAYER.findall(text):
            copy, archive = template.parent / name, build / f"{name}.zip"
            if not archive.exists():
                shutil.make_archive(str(archive.with_suffix("")), "zip", copy)
            text = text.replace(f"ContentUri: {name}\n", f"ContentUri: ../{archive.name}\n")
            shutil.rmtree(copy)
        template.write_text(text)


def _changed_at(folder: Path) -> float:
    return folder.stat().st_mtime


def source_fingerprint() -> str:
    """Return the fingerprint of the inputs of a build: sources, version of SAM, and Python of this machine."""
    return fingerprint([ROOT / source for source in SOURCES], pin("sam"), platform.machine(), sys.version)


def address_of(endpoint_url: str) -> str:
    """Return the address of the API behind a MiniStack."""
    return f"{endpoint_url}/local"


def template_fingerprint() -> str:
    """Return the fingerprint of the templates; a change means a new stack."""
    return fingerprint([ROOT / source for source in TEMPLATES])


def architecture() -> str:
    """Return the architecture of this machine as Lambda names it."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
