"""`vigil tokens`: access tokens of an API key, and rotation of their signing key."""

import json
import os
import uuid
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from cli import deployment
from cli.api import check_url
from cli.checkout import CommandFailed
from cli.embedded import Embedded
from cli.tables import TableConsole
from cli.terminal import visible
from vigil.errors import NotFound, Unauthenticated

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
app = typer.Typer(no_args_is_help=True, help="Get access tokens, and rotate their signing keys.")
out = TableConsole()


@app.command("login")
def login_command(
    key: Annotated[
        str, typer.Option(envvar="VIGIL_API_KEY", help="API key. Default: the key of the first demo tenant")
    ] = "",
) -> None:
    """Print an access token of an API key. It is valid for 15 minutes; `refresh` prints the next one."""
    deployment.activate()
    secret = key or _demo_key()
    client_id = secret.split("_")[2] if secret.count("_") > 2 else ""
    _store_and_print(_post_form("token", grant_type="client_credentials", client_id=client_id, client_secret=secret))


@app.command("refresh")
def refresh_command() -> None:
    """Print the next access token of the session that `login` started."""
    deployment.activate()
    _store_and_print(_post_form("token", grant_type="refresh_token", refresh_token=_refresh_token()))


@app.command("logout")
def logout_command() -> None:
    """End the session that `login` started. Its access token expires within 15 minutes."""
    deployment.activate()
    _post_form("revoke", token=_refresh_token())
    _file().unlink()
    out.print("The session has ended.")


@app.command("rotate")
def rotate_command(
    leaked: Annotated[
        bool, typer.Option("--leaked", help="Reject the old signing keys within 5 minutes, including valid tokens")
    ] = False,
) -> None:
    """Rotate the signing key of tokens: the new key is published now and signs after 15 minutes."""
    from vigil.bootstrap import access, process

    deployment.activate()
    if leaked:
        access.published_keys().delete()
    arn, embedded = process.settings().signing_secret_arn, Embedded.load(deployment.state_folder())
    if embedded and embedded.secrets["signing"] == arn:
        rotate_embedded(embedded)
    else:
        _aws("secretsmanager").rotate_secret(SecretId=arn)
    out.print("The rotation has started. /.well-known/jwks.json shows the new signing key.")


def rotate_embedded(embedded: Embedded) -> None:
    """Invoke the four rotation steps of the function. On AWS, Secrets Manager does this; MiniStack does not."""
    client, version = _aws("lambda"), str(uuid.uuid4())
    for step in STEPS:
        event = {"Step": step, "SecretId": embedded.secrets["signing"], "ClientRequestToken": version}
        name = f"{embedded.stack_name}-tokens-rotation:live"
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        if "FunctionError" in answer:
            raise CommandFailed(f"the rotation step {step} failed: {answer['Payload'].read().decode()}")


def _post_form(endpoint: str, **form: str) -> dict[str, str]:
    """Send a form to an OAuth endpoint; raise Unauthenticated with the error description of a refusal."""
    check_url(os.environ["VIGIL_API_URL"])
    url = f"{os.environ['VIGIL_API_URL']}/v1/oauth/{endpoint}"
    response = httpx.post(url, data=form, timeout=60, trust_env=False)
    if response.status_code in {400, 401}:
        raise Unauthenticated(response.json()["error_description"])
    tokens: dict[str, str] = response.raise_for_status().json() if endpoint == "token" else {}
    return tokens


def _store_and_print(tokens: dict[str, str]) -> None:
    """Store the refresh token, readable only by its owner, and print only the access token, for `$(...)`."""
    draft = _file().with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(tokens["refresh_token"])
    draft.replace(_file())
    typer.echo(visible(tokens["access_token"]))


def _refresh_token() -> str:
    try:
        return _file().read_text()
    except FileNotFoundError as error:
        raise NotFound("there is no session: run `vigil tokens login`") from error


def _file() -> Path:
    return deployment.state_folder() / "session"


def _demo_key() -> str:
    if (embedded := Embedded.load(deployment.state_folder())) is None:
        raise NotFound("no API key: set --key or VIGIL_API_KEY")
    return embedded.tenants[0].api_key


def _aws(service: str) -> Any:
    from vigil.aws import clients
    from vigil.bootstrap import process

    return clients.create_client(process.settings(), service)
