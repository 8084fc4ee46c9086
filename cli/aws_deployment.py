"""`vigil deployment`: prepares a deployment on AWS."""

from pathlib import Path
from typing import Annotated

import typer

from cli import keys
from cli.deployment import state_folder
from cli.preflight import check_concurrency
from cli.strict_commands import parse_pairs
from cli.tables import TableConsole

app = typer.Typer(no_args_is_help=True, help="Prepare a deployment on AWS: its parameters, and the account's limits.")
out = TableConsole()


@app.command("parameters")
def parameters_command(
    stage: Annotated[str, typer.Argument(help="Stage of samconfig.toml: dev, staging or prod")],
    keys_folder: Annotated[Path, typer.Option("--keys", help="Folder of the keys that sign models")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another parameter of template.yaml")
    ] = None,
) -> None:
    """Print the value of SAM's --parameter-overrides, with the Release of these sources and parameters."""
    from cli.release import stage_parameters, write_parameters

    keys.load_public_keys(keys_folder)
    given = parse_pairs(settings or [], "--set", "Protect=true", needs_value=False)
    parameters = stage_parameters(stage, (keys_folder / keys.PUBLIC).read_text(), given)
    out.print(
        write_parameters(parameters, state_folder() / f"parameters-{stage}.yaml"), soft_wrap=True, highlight=False
    )


@app.command("preflight")
def preflight_command(
    region: Annotated[str, typer.Option(help="AWS region of the deployment")] = "eu-west-1",
) -> None:
    """Check the account's Lambda concurrency; exit with code 1 if it is too small."""
    import boto3

    found = check_concurrency(boto3.client("lambda", region_name=region))
    out.print(found.sentence(), soft_wrap=True, highlight=False)
    raise typer.Exit(0 if found.is_enough else 1)
