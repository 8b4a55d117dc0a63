"""`tocsin up`: all of Tocsin on this machine, until interrupted."""

import signal
import time

from rich.console import Console

from tocsin_cli import output
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_cli.stack import Stack
from tocsin_contracts.streams import SERVICES


def up(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Start PostgreSQL, NATS and the four services, and keep them running until ^C.

    What dies is started again. When this command ends, however it ends, so do they.
    """
    began = time.monotonic()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) != signal.SIG_IGN:  # as under nohup
            signal.signal(ending, signal.default_int_handler)
    stack = Stack(data_dir)
    try:
        with Console(stderr=True).status("Starting Tocsin …"):
            stack.start()
        _show(stack, time.monotonic() - began, as_json=json)
        stack.watch()
    except KeyboardInterrupt:
        pass
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)
        stack.stop()


def _show(stack: Stack, seconds: float, *, as_json: bool) -> None:
    services = {
        service: {"url": stack.url(service), "admin_key": stack.secrets.admin_key(service)}
        for service in SERVICES
    }
    if as_json:
        output.show_json(
            {
                "services": services,
                "nats_url": stack.nats.url,
                "postgres_port": stack.postgres.port,
                "data_dir": stack.directory,
                "seconds": round(seconds, 1),
            }
        )
        return
    output.say(f"Tocsin runs, after {seconds:.1f} s. Its data are in {stack.directory}.\n")
    output.show_rows(
        ("service", "address", "operator's key"),
        [(name, about["url"], about["admin_key"]) for name, about in services.items()],
    )
    output.say("\nInteractive documentation is at <address>/docs. End with ^C.")
