"""The `tocsin` command.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 something is not ready or does not answer; 4 key
refused; 5 not found; 6 refused; 7 the installation cannot be used; 130 interrupted.
"""

import sys
from typing import Any

import typer

from tocsin_cli import options, output
from tocsin_cli.commands.demo import demo
from tocsin_cli.commands.dlq import dlq
from tocsin_cli.commands.doctor import doctor
from tocsin_cli.commands.erasures import erasures
from tocsin_cli.commands.integrations import integrations
from tocsin_cli.commands.listen import listen
from tocsin_cli.commands.retell import retell
from tocsin_cli.commands.send import send
from tocsin_cli.commands.trigger import trigger
from tocsin_cli.commands.up import up
from tocsin_cli.commands.vault import vault, verify
from tocsin_cli.errors import TocsinError


class _Command(typer.Typer):
    """Turns an error a person can put right into a sentence, advice and an exit code."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except TocsinError as error:
            output.show_error(error, as_json=options.as_json.get())
            sys.exit(error.exit_code)


app = _Command(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may hold a key, or a worker's words
    help="Carry workers' complaints to the public buyers whose contracts reach the factory.",
)
app.command()(up)
app.command()(demo)
app.command()(send)
app.command()(listen)
app.command()(trigger)
app.command()(retell)
app.add_typer(dlq, name="dlq")
app.add_typer(integrations, name="integrations")
app.add_typer(vault, name="vault")
app.add_typer(erasures, name="erasures")
app.command()(verify)
app.command()(doctor)
