"""`tocsin demo`: the main job once, on real parts, in a directory that goes away again."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

import typer

from tocsin_cli import output
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import temporary_directory
from tocsin_cli.interruption import ending_in_good_order
from tocsin_cli.options import Json
from tocsin_cli.stack import Stack


def demo(json: Json = False) -> None:
    """Carry invented complaints to a buyer's endpoint and portal, and check the ledger.

    Everything is real but the complaints: four services, PostgreSQL, NATS. Three processes are
    killed in the middle. Nothing is left behind. Ends with 1 if the ledger does not balance.
    """
    began = time.monotonic()
    from tocsin_cli.demo import material, real_data, report  # they bring an HTTP server along
    from tocsin_cli.demo.play import SETTINGS, play
    from tocsin_cli.demo.progress import shown

    real = real_data.load()
    directory = _new_directory()
    try:
        stack = Stack(directory, settings=SETTINGS)
        with ending_in_good_order(stack.stop), shown() as progress:
            progress.say("Starting PostgreSQL, NATS and the four services …")
            stack.start()
            progress.say(f"Ready after {time.monotonic() - began:.1f} s")
            played = asyncio.run(play(stack, material.load(), real, progress))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    seconds = time.monotonic() - began
    if json:
        output.show_json(report.as_json(played, seconds))
    else:
        report.show(played, seconds)
    if not played.ledger.balanced:
        raise typer.Exit(1)


def _new_directory() -> Path:
    """Make a directory that the servers can reach."""
    place = temporary_directory(server_account())
    directory = Path(tempfile.mkdtemp(prefix="tocsin-demo-", dir=place))
    directory.chmod(0o711)  # as root the servers run as somebody else, who may enter and not list
    return directory
