"""The `banditgen` command: one module per verb, loaded when it is called."""

from __future__ import annotations

import gc
import importlib
import logging
import sys

import click

from banditgen._text import flat
from banditgen.errors import BanditgenError

VERBS = {
    "arms": "The arms a strategy races here, and who came from whom.",
    "bench": "Every arm on your tasks: which to use, and whether routing pays.",
    "demo": "Race a set of small tasks and show what was learned.",
    "doctor": "What is reachable, what isolation holds, where files are.",
    "evolve": "Breed new arms from the ones that win.",
    "feedback": "Rate a result, or prefer one to another.",
    "history": "What was raced.",
    "models": "The embedded models: list them, fetch them.",
    "replay": "What another strategy would have done on what was logged.",
    "report": "What was learned, as one HTML file: sentences, pictures, tables.",
    "run": "Race generators on a task and print the best code.",
    "serve": "Serve races over HTTP, in OpenAI's dialect, Ollama's and its own.",
    "storage": "Upgrade the history's database.",
    "tools": "Arms that are best for a type of task beyond doubt, as tools.",
    "tune": "Learn from feedback how candidates are best weighed.",
}


class _Verbs(click.Group):
    """Loads a verb's module when it is asked for, so that --help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"banditgen.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        _add_verbose(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _add_verbose(command: click.Command) -> None:
    """-v may stand after the verb, too."""
    if not any(parameter.name == "verbose" for parameter in command.params):
        command.params.append(
            click.Option(["-v", "--verbose"], is_flag=True, expose_value=False, callback=_louder, help="Log more, on stderr.")
        )
    for verb in command.commands.values() if isinstance(command, click.Group) else ():
        _add_verbose(verb)


def _louder(_ctx: click.Context, _parameter: click.Parameter, verbose: bool) -> None:
    if verbose:
        logging.getLogger().setLevel(logging.INFO)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="banditgen", prog_name="banditgen")
@click.option("-v", "--verbose", is_flag=True, help="Log more, on stderr.")
def cli(verbose: bool) -> None:
    """Code generation as a competitive experiment: arms race, tests judge, a bandit learns."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])


class _OneLine(logging.Formatter):
    """Log records may carry what a server or a candidate wrote; a traceback keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(flat(line) for line in super().format(record).splitlines())


def main() -> None:
    """Run the command: exit 0 fine, 1 nothing passed, 2 wrong use or a part that does not work, in one line."""
    gc.set_threshold(50_000)  # what a start makes stays, and to look through it again and again is a tenth of a short command's time
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(2)
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        hint = f" (see `{where.command_path} --help`)" if where is not None else ""
        click.echo(f"banditgen: {flat(error.format_message())}{hint}", err=True)
        sys.exit(2)
    except BanditgenError as error:
        click.echo(f"banditgen: {flat(str(error))}", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
