"""`tocsin integrations notices`: how workers hear that a message waits, and who did not."""

import json as json_format
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from tocsin_cli import output
from tocsin_cli.errors import Unusable
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE

PATH = "/v1/admin/notices"

notices = typer.Typer(
    no_args_is_help=True, help="Tell workers who agreed to it that a message waits."
)

AnId = Annotated[UUID, typer.Argument(metavar="ID", help="Its id in `tocsin integrations ls`.")]


@notices.command("set")
def put(
    integration: AnId,
    settings: Annotated[
        Path, typer.Argument(help="A JSON file with the whole of it: docs/notices.md says what.")
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Have an integration's workers told, from now on; replaces what was set before."""
    intake, place = Installation(data_dir).operator(INTAKE), _place(integration)
    version = intake.get(place)["version"]
    try:
        wanted = json_format.loads(settings.read_bytes())
    except (OSError, ValueError):
        raise Unusable(f"{settings} is not readable as JSON", "Correct it.") from None
    kept = intake.change("PUT", f"{place}/notices", version, wanted)
    if json:
        output.show_json(kept)
    else:
        output.show_fields(kept)


@notices.command()
def off(integration: AnId, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Send none any more: the hotline tells its workers itself."""
    intake, place = Installation(data_dir).operator(INTAKE), _place(integration)
    intake.change("DELETE", f"{place}/notices", intake.get(place)["version"])
    output.say("None are sent any more.")


@notices.command("ls")
def list_notices(
    integration: Annotated[UUID | None, typer.Option(help="Only of this integration.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """List messages that wait for their workers: who was told, who was not and why."""
    intake = Installation(data_dir).operator(INTAKE)
    found = intake.rows(PATH, f"&integration_id={integration}" if integration else "")
    if json:
        output.show_json(found)
        return
    if not found:
        output.say("No message waits.")
        return
    columns = ("complaint_id", "integration_id", "since", "state", "reason", "attempts")
    output.show_rows(columns, [[one[name] for name in columns] for one in found])


@notices.command()
def retry(integration: AnId, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Have those told whom no notice reached, once what was wrong is mended."""
    intake = Installation(data_dir).operator(INTAKE)
    done = intake.post(f"{PATH}/retry", {"integration_id": str(integration)})
    if json:
        output.show_json(done)
    else:
        output.say(f"Tried again: {done['due_again']} notices, a thousand at the most.")


def _place(integration: UUID) -> str:
    return f"/v1/admin/integrations/{integration}"
