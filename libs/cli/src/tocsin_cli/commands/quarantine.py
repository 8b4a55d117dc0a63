"""`tocsin integrations quarantine`: what no adapter knew."""

from typing import Annotated
from uuid import UUID

import typer

from tocsin_cli import output
from tocsin_cli.errors import TocsinError
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE

PATH = "/v1/admin/quarantine"

quarantine = typer.Typer(no_args_is_help=True, help="See, replay and drop what no adapter knew.")

Id = Annotated[UUID, typer.Argument(metavar="ID", help="Its id in `… quarantine ls`.")]


class StillUnknown(TocsinError):
    """A replayed payload was not understood again. Exit code 1."""


@quarantine.command("ls")
def list_quarantined(
    integration: Annotated[UUID | None, typer.Option(help="Only of this integration.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """List what is kept, oldest first: by adapter, time, size and reason, never by contents."""
    intake = Installation(data_dir).operator(INTAKE)
    only = f"&integration_id={integration}" if integration else ""
    columns = ("quarantined_id", "integration_id", "adapter", "received_at", "size", "reason")
    output.show_list(
        intake.rows(PATH, only), columns, json=json, empty="Nothing is in the quarantine."
    )


@quarantine.command()
def replay(quarantined: Id, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Translate one again, by the adapter and the settings as they are now."""
    done = Installation(data_dir).operator(INTAKE).post(f"{PATH}/{quarantined}/replay")
    if done["outcome"] != "accepted":
        raise StillUnknown(
            f"it is still not known: {done['reason']}",
            "Correct the integration's settings and replay it, or give it up: "
            f"tocsin integrations quarantine drop {quarantined}",
        )
    if json:
        output.show_json(done)
    else:
        output.say(f"Accepted: {len(done['complaint_ids'])} complaints.")


@quarantine.command()
def drop(
    quarantined: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Give one up for good."""
    if not yes:
        typer.confirm(
            "Nobody will ever read what a worker may have said here. Drop it?", abort=True
        )
    Installation(data_dir).operator(INTAKE).delete(f"{PATH}/{quarantined}")
    if json:
        output.show_json({"dropped": str(quarantined)})
    else:
        output.say("Dropped.")
