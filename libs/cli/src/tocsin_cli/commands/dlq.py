"""`tocsin dlq`: the events a service could not handle, and what to do with them."""

from enum import StrEnum
from typing import Annotated

import typer

from tocsin_cli import output
from tocsin_cli.errors import TocsinError
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS

_PARKED = "/v1/admin/parked"


class Service(StrEnum):
    """The four services."""

    INTAKE = INTAKE
    CASES = CASES
    NOTIFICATIONS = NOTIFICATIONS
    BUYER_PORTAL_API = BUYER_PORTAL_API


Which = Annotated[Service, typer.Argument(help="The service that could not handle it.")]
Id = Annotated[int, typer.Argument(help="Its number in `tocsin dlq ls`.")]

dlq = typer.Typer(no_args_is_help=True, help="See, retry and drop events that were not handled.")


class StillParked(TocsinError):
    """A retried event failed again. Exit code 1."""


@dlq.command("ls")
def list_parked(
    service: Annotated[Service | None, typer.Argument(help="Only this service.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """List parked events. Those without a next try are dead letters and wait for you."""
    installation = Installation(data_dir)
    events = [
        {"service": name, **event}
        for name in ([service] if service else Service)
        for event in installation.operator(name).rows(_PARKED)
    ]
    columns = ("service", "id", "subject", "reason", "attempts", "parked_at", "retry_at")
    output.show_list(events, columns, json=json, empty="Nothing is parked.")


@dlq.command("show")
def show_parked(
    service: Which, event_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Show one event: identifiers, codes and sealed parts."""
    event = Installation(data_dir).operator(service).get(f"{_PARKED}/{event_id}")
    if json:
        output.show_json(event)
    else:
        output.show_fields(event)


@dlq.command("retry")
def retry_parked(
    service: Which, event_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Handle one event again now."""
    done = Installation(data_dir).operator(service).post(f"{_PARKED}/{event_id}/retry")
    if done["outcome"] != "applied":
        raise StillParked(
            f"it failed again: {done['reason']}",
            f"Correct the cause and retry, or give it up: tocsin dlq drop {service} {event_id}",
        )
    if json:
        output.show_json(done)
    else:
        output.say("Handled.")


@dlq.command("drop")
def drop_parked(
    service: Which,
    event_id: Id,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Give one event up for good."""
    if not yes:
        typer.confirm(
            f"Nobody will ever handle event {event_id} of {service}. Drop it?", abort=True
        )
    Installation(data_dir).operator(service).delete(f"{_PARKED}/{event_id}")
    if json:
        output.show_json({"dropped": event_id})
    else:
        output.say("Dropped.")
