"""`tocsin demo`: the main job once, on real parts, in a directory that goes away again."""

import asyncio
import shlex
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin_cli import client, output
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import temporary_directory
from tocsin_cli.errors import NotReady
from tocsin_cli.installation import Installation
from tocsin_cli.interruption import ending_in_good_order
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_cli.stack import HOST, Stack
from tocsin_contracts.streams import SERVICES

if TYPE_CHECKING:
    from tocsin_cli.demo.play import Played

Running = Annotated[
    bool,
    typer.Option(
        "--running",
        help="Play on an installation that runs already: the one TOCSIN_<SERVICE>_URL name, or "
        "the one in --data-dir. It keeps what was invented: never one with real complaints.",
    ),
]
Kill = Annotated[
    str,
    typer.Option(
        "--kill",
        metavar="COMMAND",
        help="With --running: what ends a part at once, its name (intake, nats, notifications) "
        "appended. Without it nothing is killed.",
    ),
]
Host = Annotated[
    str, typer.Option("--host", help="With --running: where its services reach this machine.")
]


def demo(
    json: Json = False,
    running: Running = False,
    kill: Kill = "",
    host: Host = HOST,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Carry invented complaints to a buyer's endpoint and portal, and check the ledger.

    Everything is real but the complaints: four services, PostgreSQL, NATS. Three processes are
    killed in the middle. Nothing is left behind, unless it is played on an installation that runs
    already. Ends with 1 if the ledger does not balance.
    """
    began = time.monotonic()
    from tocsin_cli.demo import report  # brings an HTTP server along

    if running:
        played = _on_what_runs(Installation(data_dir), host, shlex.split(kill))
    elif kill or host != HOST:
        raise typer.BadParameter("--kill and --host go with --running.")
    else:
        played = _on_its_own(began)
    seconds = time.monotonic() - began
    if json:
        output.show_json(report.as_json(played, seconds))
    else:
        report.show(played, seconds)
    if not played.ledger.balanced:
        raise typer.Exit(1)


def _on_its_own(began: float) -> "Played":
    """Play on servers and services of its own, which go away again."""
    from tocsin_cli.demo import material, real_data
    from tocsin_cli.demo.play import SETTINGS, play
    from tocsin_cli.demo.progress import shown
    from tocsin_cli.demo.stage import OwnStage

    real = real_data.load()
    directory = _new_directory()
    try:
        stack = Stack(directory, settings=SETTINGS)
        with ending_in_good_order(stack.stop), shown() as progress:
            progress.say("Starting PostgreSQL, NATS and the four services …")
            stack.start()
            progress.say(f"Ready after {time.monotonic() - began:.1f} s")
            return asyncio.run(play(OwnStage(stack), material.load(), real, progress))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _on_what_runs(installation: Installation, host: str, killing: list[str]) -> "Played":
    """Play on an installation that somebody else started."""
    from tocsin_cli.demo import material, real_data
    from tocsin_cli.demo.play import play
    from tocsin_cli.demo.progress import shown
    from tocsin_cli.demo.stage import RunningStage

    real = real_data.load()
    for service in SERVICES:
        if waiting_for := client.waiting_for(installation.url(service)):
            raise NotReady(
                f"{service} is not ready: {', '.join(waiting_for)}",
                "`tocsin doctor` shows what is wrong.",
            )
    stage = RunningStage(installation, host=host, killing=killing)
    with shown() as progress:
        return asyncio.run(play(stage, material.load(), real, progress))


def _new_directory() -> Path:
    """Make a directory that the servers can reach."""
    place = temporary_directory(server_account())
    directory = Path(tempfile.mkdtemp(prefix="tocsin-demo-", dir=place))
    directory.chmod(0o711)  # as root the servers run as somebody else, who may enter and not list
    return directory
