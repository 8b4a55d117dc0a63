"""`tocsin retell`: a service tells its present state again, for who lost it or is new."""

import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from tocsin_cli import output
from tocsin_cli.client import Client
from tocsin_cli.commands.dlq import Service
from tocsin_cli.errors import NotReady
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json

_PATH = "/v1/admin/retelling"
_PATIENCE = 60.0  # seconds in which nothing goes on
_PAUSE = 0.2  # seconds while the outbox is long
_SOON = 1.0  # seconds after no answer


def retell(
    service: Annotated[Service, typer.Argument(help="The service that tells.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Let a service tell everything again: after NATS lost its streams, or a database was restored.

    Whoever has heard it does nothing: no buyer is told twice, no complaint counts twice. It can
    run while everything works, be stopped at any time, and be begun again.
    """
    operator = Installation(data_dir).operator(service)
    totals: dict[str, int] = operator.get(_PATH)["aggregates"]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        told, left_out = _to_the_end(operator, totals, bars)
    if json:
        output.show_json({"service": service, "told": told, "left_out": left_out})
        return
    output.show_rows(("", "told again"), list(told.items()))
    for chapter, number in left_out.items():
        if number:
            output.note(
                f"{number} of {chapter} cannot be told any more: the service's log says why."
            )
    output.say(f"{service} has told everything again; it goes out as fast as NATS takes it.")


def _to_the_end(
    operator: Client, totals: dict[str, int], bars: Progress
) -> tuple[dict[str, int], dict[str, int]]:
    told, left_out = dict.fromkeys(totals, 0), dict.fromkeys(totals, 0)
    tasks = {chapter: bars.add_task(chapter, total=number) for chapter, number in totals.items()}
    go_on: Any = {}
    while totals and go_on is not None:
        step = _step(operator, go_on)
        told[step["chapter"]] += step["told"]
        left_out[step["chapter"]] += step["left_out"]
        _show(bars, tasks[step["chapter"]], step)
        go_on = step["next"]
    return told, left_out


def _show(bars: Progress, task: TaskID, step: Any) -> None:
    bars.advance(task, step["told"] + step["left_out"])


def _step(operator: Client, go_on: Any) -> Any:
    """Go on for a bit, waiting while the service is away or has much to ship.

    Raises:
        NotReady: for too long.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            step = operator.post(_PATH, go_on)
        except NotReady:
            if time.monotonic() > until:
                raise
            time.sleep(_SOON)
            continue
        if not step["waits"]:
            return step
        if time.monotonic() > until:
            raise NotReady(
                f"the outbox of {operator.service} stays long: NATS takes too little",
                "Is nats-server running and provisioned, has the stream room? A full one grows"
                " with TOCSIN_STREAM_MAX_BYTES and `provision`. Then run this again.",
            )
        time.sleep(_PAUSE)
