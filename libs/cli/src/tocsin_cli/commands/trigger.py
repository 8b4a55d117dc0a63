"""`tocsin trigger`: a test event, to a buyer's own endpoints."""

from enum import StrEnum
from typing import Annotated

import typer

from tocsin_cli import first_keys, output
from tocsin_cli.client import Client
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, BuyerKey, DataDir, Json
from tocsin_contracts.streams import NOTIFICATIONS


class Event(StrEnum):
    """What can be triggered."""

    RAISED = "alert.raised"
    UPDATED = "alert.updated"
    CORRECTED = "alert.corrected"
    ENDED = "alert.ended"


def trigger(
    event: Annotated[Event, typer.Argument(help="The type of the event.")],
    key: BuyerKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Send a test event to all the buyer's endpoints: real deliveries, marked as a test."""
    url = Installation(data_dir).url(NOTIFICATIONS)
    buyer = Client(NOTIFICATIONS, url, key or first_keys.buyer(data_dir))
    planned = buyer.post(f"/v1/test/trigger/{event}")
    if json:
        output.show_json(planned)
        return
    columns = ("delivery_id", "endpoint_id", "state")
    output.show_rows(columns, [[one[name] for name in columns] for one in planned["data"]])
