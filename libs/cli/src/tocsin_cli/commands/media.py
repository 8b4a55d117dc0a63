"""`tocsin integrations media`: what came along with complaints and could not be fetched."""

from typing import Annotated
from uuid import UUID

import typer

from tocsin_cli import output
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE

PATH = "/v1/admin/media"

media = typer.Typer(no_args_is_help=True, help="See what is not fetched, and have it tried again.")


@media.command("ls")
def list_media(
    integration: Annotated[UUID | None, typer.Option(help="Only of this integration.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """List files that are not fetched yet, refused or given up; never where they lie."""
    intake = Installation(data_dir).operator(INTAKE)
    only = f"&integration_id={integration}" if integration else ""
    columns = ("media_id", "integration_id", "kind", "state", "reason", "attempts")
    output.show_list(
        intake.rows(PATH, only), columns, json=json, empty="Everything that came along was fetched."
    )


@media.command()
def retry(
    integration: Annotated[UUID, typer.Argument(metavar="ID", help="The integration's id.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Have what was refused or given up fetched again, once its settings are mended."""
    intake = Installation(data_dir).operator(INTAKE)
    done = intake.post(f"{PATH}/retry", {"integration_id": str(integration)})
    if json:
        output.show_json(done)
    else:
        output.say(f"Tried again: {done['due_again']} files, a thousand at the most.")
