"""`vigil score`: scores one subject, given as the body of `POST /v1/scores` in a file."""

import json
import sys
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.text import Text

from cli.answers import render_answer, render_guarantee, render_heading
from cli.api import Key, connect, request, send
from cli.tables import TableConsole
from cli.terminal import visible
from vigil.errors import FieldError, InvalidInput
from vigil.kernel import json_documents

SCORES = "/v1/scores"
REASONS = 5
"""Maximum reasons that are shown."""
_STDIN = "<stdin>"
_CONTENT = "the body of POST /v1/scores"
out = TableConsole()


def _sendable(key: str | None) -> str | None:
    if key is not None and not (key.isascii() and key.isprintable() and key == key.strip()):
        raise typer.BadParameter("must have visible ASCII characters only, such as letters, digits and hyphens")
    return key


def score_command(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="JSON file with the body of POST /v1/scores; - is standard input")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the exact bytes of the answer")] = False,
    idempotency_key: Annotated[
        str | None, typer.Option(callback=_sendable, help="Name of the request: a repetition returns the first answer")
    ] = None,
    key: Key = None,
) -> None:
    """Score one subject; print band, probability, abstention, reasons and decision id.

    The answer has an explanation unless the file has `"explain": false`.
    """
    body = {"explain": True, **_read(file)}
    named = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    with connect(key) as client:
        headers = {"Content-Type": "application/json", **named}
        response = request(client, "POST", SCORES, content=json.dumps(body), headers=headers)
        if as_json:
            typer.echo(response.content, nl=False)
            return
        _show(client, response)


def _read(file: typer.FileBinaryRead) -> dict[str, Any]:
    """Return the object in a JSON file. Raises InvalidInput that names the file."""
    name = getattr(file, "name", _STDIN)
    name = "standard input" if name == _STDIN else name
    try:
        body = json_documents.loads(file.read().decode("utf-8-sig"), field=name)
    except ValueError as error:
        raise InvalidInput(_not_json(name, error)) from None
    if not isinstance(body, dict):
        raise InvalidInput(FieldError(name, "must be a JSON object", _CONTENT))
    return body


def _not_json(name: str, error: ValueError) -> FieldError:
    """Return the error of a file that the JSON parser refused. The parser also refuses very long whole numbers."""
    if isinstance(error, UnicodeDecodeError):
        return FieldError(name, "must be in UTF-8", f"{_CONTENT}, saved in UTF-8")
    if isinstance(error, json.JSONDecodeError):
        return FieldError(name, f"must be JSON: line {error.lineno}, column {error.colno} is wrong", _CONTENT)
    bound = f"at most {sys.get_int_max_str_digits():,} digits in a whole number"
    return FieldError(name, "has a whole number with too many digits", bound)


def _show(client: httpx.Client, response: httpx.Response) -> None:
    """Print an answer. The bands of a model that is out of service are unknown."""
    answer = response.json()
    described = send(client, "GET", f"/v1/models/{quote(answer['model']['name'], safe='')}")
    model: dict[str, Any] = described.json() if described.is_success else {"bands": (), "label": {"name": None}}
    repeated = ", repeated" if response.headers.get("Idempotency-Replayed") == "true" else ""
    rendered = render_answer(answer, [band["name"] for band in model["bands"]], REASONS)
    out.print(render_heading(answer, model["label"]["name"]))
    out.print(rendered, *render_guarantee(answer), crop=False)
    decision = f"   decision {answer['decision_id']}, as of {answer['as_of'][:10]}{repeated}"
    out.print(Text(visible(decision), style="dim"), soft_wrap=True)
