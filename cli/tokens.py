"""`vigil tokens`: access tokens for an API key, and the keys that sign them."""

import json
import os
import uuid
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from cli import deployment
from cli.checkout import CommandFailed
from cli.embedded import Embedded
from vigil.errors import NotFound, Unauthenticated

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
app = typer.Typer(no_args_is_help=True, help="Access tokens, and the keys that sign them.")
out = Console()


@app.command("login")
def login_command(
    key: Annotated[str, typer.Option(envvar="VIGIL_API_KEY", help="Default: that of the first demo tenant")] = "",
) -> None:
    """Print an access token for an API key; it is good for 15 minutes, `refresh` gives the next."""
    deployment.enter()
    secret = key or _demo_key()
    client_id = secret.split("_")[2] if secret.count("_") > 2 else ""
    _keep_and_print(_ask("token", grant_type="client_credentials", client_id=client_id, client_secret=secret))


@app.command("refresh")
def refresh_command() -> None:
    """Print the next access token of the session that `login` began."""
    deployment.enter()
    _keep_and_print(_ask("token", grant_type="refresh_token", refresh_token=_kept()))


@app.command("logout")
def logout_command() -> None:
    """End the session that `login` began; its access token runs out within 15 minutes."""
    deployment.enter()
    _ask("revoke", token=_kept())
    _file().unlink()
    out.print("the session has ended")


@app.command("rotate")
def rotate_command(
    leaked: Annotated[
        bool, typer.Option("--leaked", help="Refuse the old keys within 5 minutes, good tokens too")
    ] = False,
) -> None:
    """Bring a new signing key into use: published at once, signing 15 minutes later; no token is refused for it."""
    from vigil.bootstrap import access, process

    deployment.enter()
    if leaked:
        access.published_keys().delete()
    arn, embedded = process.settings().signing_secret_arn, Embedded.load(deployment.home())
    if embedded and embedded.secrets["signing"] == arn:
        rotate_embedded(embedded)
    else:
        _aws("secretsmanager").rotate_secret(SecretId=arn)
    out.print("a new signing key is on its way: see /.well-known/jwks.json")


def rotate_embedded(embedded: Embedded) -> None:
    """Do what Secrets Manager does on AWS and MiniStack does not: have the function take the four steps."""
    client, version = _aws("lambda"), str(uuid.uuid4())
    for step in STEPS:
        event = {"Step": step, "SecretId": embedded.secrets["signing"], "ClientRequestToken": version}
        name = f"{embedded.stack_name}-tokens-rotation:live"
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        if "FunctionError" in answer:
            raise CommandFailed(f"{step} failed: {answer['Payload'].read().decode()}")


def _ask(endpoint: str, **form: str) -> dict[str, str]:
    """Post a form to an OAuth endpoint; raise Unauthenticated with what it says when it refuses."""
    url = f"{os.environ['VIGIL_API_URL']}/v1/oauth/{endpoint}"
    response = httpx.post(url, data=form, timeout=60, trust_env=False)
    if response.status_code in {400, 401}:
        raise Unauthenticated(response.json()["error_description"])
    granted: dict[str, str] = response.raise_for_status().json() if endpoint == "token" else {}
    return granted


def _keep_and_print(granted: dict[str, str]) -> None:
    """Keep the refresh token where only its owner may read it, and print the access token alone, for `$(...)`."""
    draft = _file().with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(granted["refresh_token"])
    draft.replace(_file())
    typer.echo(granted["access_token"])


def _kept() -> str:
    try:
        return _file().read_text()
    except FileNotFoundError as error:
        raise NotFound("there is no session: run `vigil tokens login`") from error


def _file() -> Path:
    return deployment.home() / "session"


def _demo_key() -> str:
    if (embedded := Embedded.load(deployment.home())) is None:
        raise NotFound("name an API key with --key or VIGIL_API_KEY")
    return embedded.tenants[0].api_key


def _aws(service: str) -> Any:
    from vigil.aws import clients
    from vigil.bootstrap import process

    return clients.create_client(process.settings(), service)
