"""`tocsin erasures`: erase complaints, and keep them erased after a restore."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from tocsin_cli import output
from tocsin_cli.client import Client
from tocsin_cli.errors import Unusable
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE

_PATH = "/v1/admin/erasures"
_AT_ONCE = 1000
_LOG_STAYS = (
    "Rewritten. PostgreSQL's log still has the bytes until its segments are replaced: set "
    "wal_recycle=off, grant pg_checkpoint to tocsin_intake, and erase and scrub again."
)

erasures = typer.Typer(no_args_is_help=True, help="Erase complaints, and keep them erased.")


@erasures.command("erase")
def erase(
    complaint_id: Annotated[UUID, typer.Argument(help="Which complaint.")],
    by_worker: Annotated[
        bool, typer.Option("--by-worker", help="The worker asked for it, not the hotline.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Erase one complaint for good, and print the certificate."""
    if not yes:
        typer.confirm("Nobody will ever read this complaint again. Erase it?", abort=True)
    reason = "asked_by_worker" if by_worker else "asked_by_hotline"
    wanted = {"complaint_id": str(complaint_id), "reason": reason}
    done = _operator(data_dir).post(_PATH, wanted)
    if json:
        output.show_json(done)
    else:
        output.show_fields(done)


@erasures.command("ls")
def list_erasures(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """List what was erased. Keep this list outside the database: `replay` reads its ids."""
    found = _operator(data_dir).rows(_PATH)
    if json:
        output.show_json(found)
        return
    for one in found:
        output.say(one["complaint_id"])


@erasures.command("replay")
def replay(
    ledger: Annotated[Path, typer.Argument(help="A file with an id a line.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Erase again, after a restore, whatever a ledger names."""
    try:
        lines = [line.strip() for line in ledger.read_text().splitlines()]
        ids = [str(UUID(line)) for line in lines if line]
    except OSError as error:
        raise Unusable(f"{ledger} cannot be read: {error.strerror}", "Name a file.") from None
    except ValueError:
        raise Unusable(f"{ledger} has a line that is no id", "Correct it.") from None
    operator, again = _operator(data_dir), 0
    for first in range(0, len(ids), _AT_ONCE):
        body = {"complaint_ids": ids[first : first + _AT_ONCE]}
        again += operator.post(f"{_PATH}/replay", body)["erased_again"]
    if json:
        output.show_json({"erased_again": again})
    else:
        output.say(f"Erased again: {again} of {len(ids)}.")


@erasures.command("scrub")
def scrub(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Rewrite the database's files without what was erased. Complaints wait meanwhile."""
    done = _operator(data_dir).post(f"{_PATH}/scrub")
    if json:
        output.show_json(done)
        return
    if not done["rewritten"]:
        output.say("Nothing was erased since the last time.")
        return
    output.say("Rewritten, and the log of before is gone." if done["log_replaced"] else _LOG_STAYS)


def _operator(data_dir: Path) -> Client:
    return Installation(data_dir).operator(INTAKE)
