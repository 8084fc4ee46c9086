"""The `vigil` command, for operators and clients."""

from dataclasses import asdict
from typing import Any

import typer
from typer.core import TyperGroup

from cli import (
    alerts,
    aws_deployment,
    batches,
    budgets,
    circuits,
    costs,
    dead_letters,
    decisions,
    demo,
    doctor,
    drills,
    failures,
    flags,
    incidents,
    intake,
    lifecycle,
    local,
    model_health,
    models,
    objectives,
    score,
    subjects,
    tenants,
    tokens,
    usage,
)
from cli.api import format_field_errors
from cli.monitoring import commands as monitoring
from cli.named_commands import name_commands
from cli.strict_commands import make_strict
from cli.terminal import SafeConsole, escape_unencodable, visible
from vigil.errors import InvalidInput, VigilError
from vigil.runtime.settings import SettingsError


class _Group(TyperGroup):
    """Group of commands that prints an expected error as one sentence and exits with code 1."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command line on streams that print every character."""
        escape_unencodable()
        return super().main(*arguments, **options)

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Parse the arguments of the command line; refuse bytes that are no UTF-8, which no service accepts."""
        for number, argument in enumerate(args, 1):
            if any("\ud800" <= character <= "\udfff" for character in argument):
                raise typer.BadParameter(f"argument {number} is not UTF-8. Write it in UTF-8.", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command; print an expected error to stderr."""
        try:
            return super().invoke(ctx)
        except VigilError as error:
            rules = error.errors if isinstance(error, InvalidInput) else ()
            message = format_field_errors([asdict(rule) for rule in rules]) or str(error)
            SafeConsole(stderr=True).print(name_commands(message), style="red", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error
        except OSError as error:
            if error.filename is None:
                raise
            remedy = "Check that it and its folder exist and that you may use them, or name another path."
            message = f"{visible(str(error.filename))}: {error.strerror}. {remedy}"
            SafeConsole(stderr=True).print(message, style="red", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error
        except SettingsError as error:
            message = f"{error}. Run `make up` for a local deployment, or set the variables of your deployment."
            SafeConsole(stderr=True).print(message, style="red", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    help="Operate Vigil and use its API: signed models, explained scores, exactly-once decisions.",
)
app.add_typer(alerts.app, name="alerts")
app.add_typer(batches.app, name="batch")
app.add_typer(budgets.app, name="budgets")
app.add_typer(circuits.app, name="circuits")
app.add_typer(costs.app, name="costs")
app.add_typer(decisions.app, name="decisions")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(aws_deployment.app, name="deployment")
app.add_typer(failures.app, name="failures")
app.add_typer(flags.app, name="flags")
app.add_typer(incidents.app, name="incident")
app.add_typer(intake.app, name="intake")
app.add_typer(local.app, name="local")
app.add_typer(models.app, name="models")
app.add_typer(monitoring.app, name="monitor")
app.add_typer(subjects.app, name="subjects")
app.add_typer(tenants.app, name="tenants")
app.add_typer(tokens.app, name="tokens")
for name in ("compare", "retrain", "rollback", "withdraw"):
    models.app.command(name)(getattr(lifecycle, f"{name}_command"))
for name in ("health", "findings", "acknowledge", "rebase"):
    models.app.command(name)(getattr(model_health, f"{name}_command"))
incidents.app.command("drill")(drills.drill_command)
app.command("demo")(demo.demo_command)
app.command("doctor")(doctor.doctor_command)
app.command("objectives")(objectives.objectives_command)
app.command("score")(score.score_command)
app.command("usage")(usage.usage_command)
make_strict(app)
