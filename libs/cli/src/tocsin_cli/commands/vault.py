"""`tocsin vault` and `tocsin verify`: the vault's keys, and the record of who opened what."""

import json as json_format
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tocsin_cli import output
from tocsin_cli.client import Client
from tocsin_cli.errors import TocsinError
from tocsin_cli.files import write_private
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE

REMEMBERED = "access-log.json"
"""Where the access log ended when it was last found intact: its end cannot be cut off unseen."""

vault = typer.Typer(no_args_is_help=True, help="Look after the keys of the vault.")


class NotIntact(TocsinError):
    """Somebody changed the record of openings. Exit code 1."""


@vault.command("rotate")
def rotate(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Wrap every data key anew under the current key-encryption key; no content is touched.

    Before: give intake the new key as TOCSIN_VAULT_KEY and the old one in
    TOCSIN_VAULT_KEYS_BEFORE, and restart it. Stopped half-way, run it again. Once it is through,
    take the old key away.
    """
    operator = Installation(data_dir).operator(INTAKE)
    rewrapped, step = 0, _step(operator, str(UUID(int=0)))
    columns = (TextColumn("data keys"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=step["rewrapped"] + step["left"])
        while step["rewrapped"]:
            rewrapped += step["rewrapped"]
            bars.update(task, completed=rewrapped, total=rewrapped + step["left"])
            step = _step(operator, step["after"])
    if json:
        output.show_json({"rewrapped": rewrapped, "left": step["left"]})
    else:
        output.say(f"Rewrapped {rewrapped}; {step['left']} are left under older keys.")


def verify(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Check the record of who opened workers' words: nothing changed, added or taken out."""
    file = data_dir / REMEMBERED
    remembered: Any = json_format.loads(file.read_text()) if file.exists() else {}
    found = (
        Installation(data_dir).operator(INTAKE).post("/v1/admin/vault/openings/verify", remembered)
    )
    if not found["intact"]:
        raise NotIntact(
            f"the record of openings is not as it was written, from number {found['seq']} on",
            "Keep the database and its backups as they are, and find out who could write to it.",
        )
    if data_dir.is_dir():
        write_private(file, json_format.dumps({"seq": found["seq"], "hash": found["hash"]}))
    if json:
        output.show_json(found)
    else:
        output.say(f"Intact: {found['seq']} openings on record.")


def _step(operator: Client, after: str) -> Any:
    return operator.post("/v1/admin/vault/rotate", {"after": after})
