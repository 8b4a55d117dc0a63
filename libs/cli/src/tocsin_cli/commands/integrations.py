"""`tocsin integrations`: hotlines' connections, their keys, what their systems send."""

import json as json_format
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from tocsin_cli import output
from tocsin_cli.client import Client
from tocsin_cli.commands.importing import import_file
from tocsin_cli.commands.media import media
from tocsin_cli.commands.notices import notices
from tocsin_cli.commands.quarantine import quarantine
from tocsin_cli.commands.reconcile import reconcile
from tocsin_cli.commands.worker_page import page
from tocsin_cli.errors import Unusable
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE

PATH = "/v1/admin/integrations"
FORM = "application/x-www-form-urlencoded"

integrations = typer.Typer(no_args_is_help=True, help="Connect hotlines and the tools they use.")
integrations.command("import")(import_file)
integrations.command()(reconcile)
integrations.command()(page)
integrations.add_typer(quarantine, name="quarantine")
integrations.add_typer(media, name="media")
integrations.add_typer(notices, name="notices")

AnId = Annotated[UUID, typer.Argument(metavar="ID", help="Its id in `tocsin integrations ls`.")]


@integrations.command()
def create(
    name: Annotated[str, typer.Argument(help="What the hotline is called.")],
    adapter: Annotated[
        str, typer.Option(help="native, whatsapp_cloud, twilio, rapidpro, kobo, telegram, generic.")
    ] = "native",
    settings: Annotated[
        Path | None,
        typer.Option(
            help="A JSON file with the rest: the adapter's secrets, defaults, limits. `-` reads "
            "standard input. Secrets typed on a command line stay in the shell's history."
        ),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Register a hotline's connection; print its id, its key and its address, once."""
    new = {"name": name, "adapter": adapter} | (_object(settings) if settings else {})
    intake = _intake(data_dir)
    created = intake.post(PATH, new)
    if adapter != "native":
        door = f"/v1/integrations/{created['integration_id']}/{adapter.replace('_', '-')}"
        created["address"] = intake.url + door
    _show(created, json=json, whole=True)


@integrations.command("ls")
def list_integrations(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """List integrations, and when each was last used."""
    columns = ("integration_id", "name", "adapter", "disabled", "last_used_at")
    output.show_list(_intake(data_dir).rows(PATH), columns, json=json)


@integrations.command()
def show(integration: AnId, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Show one with its keys; never its secrets."""
    intake = _intake(data_dir)
    found = intake.get(f"{PATH}/{integration}")
    keys = intake.get(f"{PATH}/{integration}/keys")["data"]
    if json:
        output.show_json(found | {"keys": keys})
        return
    output.show_fields(found)
    columns = ("key_id", "test", "scopes", "created_at", "valid_until", "last_used_at")
    output.show_rows(columns, [[one[name] for name in columns] for one in keys])


@integrations.command("system")
def change_system(
    integration: AnId,
    settings: Annotated[
        Path,
        typer.Argument(help="A JSON file with the whole of its system's settings; `-`: stdin."),
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Replace its own system's secrets and access. Those of before are taken for a while."""
    intake, place = _intake(data_dir), f"{PATH}/{integration}"
    version = intake.get(place)["version"]
    _show(intake.change("PUT", f"{place}/system", version, _object(settings)), json=json)


@integrations.command()
def rotate(
    integration: AnId,
    overlap_hours: Annotated[int, typer.Option(help="How long the keys of before go on.")] = 24,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Give a new key; print it once. Those of before end after the overlap."""
    asked = {"overlap_hours": overlap_hours}
    _show(_intake(data_dir).post(f"{PATH}/{integration}/keys/rotate", asked), json=json, whole=True)


@integrations.command("key")
def add_key(
    integration: AnId,
    test: Annotated[bool, typer.Option(help="What it hands in never leaves intake.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Give another key, live or for tests; print it once."""
    added = _intake(data_dir).post(f"{PATH}/{integration}/keys", {"test": test})
    _show(added, json=json, whole=True)


@integrations.command()
def disable(integration: AnId, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Refuse all its keys and its own system, within seconds."""
    _show(_switch(_intake(data_dir), integration, "disable"), json=json)


@integrations.command()
def enable(integration: AnId, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Take it back, with the keys that are still valid."""
    _show(_switch(_intake(data_dir), integration, "enable"), json=json)


@integrations.command("try")
def try_file(
    integration: AnId,
    payload: Annotated[Path, typer.Argument(help="A body as its system sends it; `-`: stdin.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Show what a payload would become. Nothing is stored."""
    content = _bytes(payload)
    is_json = content.lstrip()[:1] in (b"{", b"[")
    tried = _intake(data_dir).send(
        f"{PATH}/{integration}/try", content, "application/json" if is_json else FORM
    )
    if json:
        output.show_json(tried)
        return
    for complaint in tried["complaints"]:
        said = {name: value for name, value in complaint.items() if value not in (None, [], {})}
        output.show_fields(said)
    for change in tried["changes"]:
        output.say("Would follow an earlier complaint as a message, or be one where none came:")
        output.show_fields(change)
    for reason in tried["quarantined"]:
        output.say(f"Would be set aside: {reason}")
    if not any(tried.values()):
        output.say("Would be dropped: it is no complaint.")


def _intake(directory: Path) -> Client:
    return Installation(directory).operator(INTAKE)


def _switch(intake: Client, integration: UUID, what: str) -> Any:
    version = intake.get(f"{PATH}/{integration}")["version"]
    return intake.change("POST", f"{PATH}/{integration}/{what}", version)


def _show(found: Any, *, json: bool, whole: bool = False) -> None:
    if json:
        output.show_json(found)
    else:
        output.show_rows(("", ""), list(found.items()), whole=whole)


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json_format.loads(_bytes(path))
    except ValueError:
        raise Unusable(f"{path} is not JSON", "Correct it.") from None
    if not isinstance(found, dict):
        raise Unusable(f"{path} holds no JSON object", "Correct it.")
    return found  # pyright: ignore[reportUnknownVariableType]


def _bytes(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}", "Name a file.") from None
