"""`tocsin up`: all of Tocsin on this machine, until interrupted."""

import time

from rich.console import Console

from tocsin_cli import first_keys, output, trying_out
from tocsin_cli.interruption import ending_in_good_order
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_cli.stack import Stack
from tocsin_contracts.streams import INTAKE, SERVICES


def up(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Start PostgreSQL, NATS and the four services, and keep them running until ^C.

    What dies is started again. When this command ends, however it ends, so do they. Settings are
    those for trying it out; a TOCSIN_ variable of the environment takes the place of each.
    """
    began = time.monotonic()
    chosen = trying_out.unless_chosen()
    stack = Stack(data_dir, settings=chosen)
    with ending_in_good_order(stack.stop):
        try:
            with Console(stderr=True).status("Starting Tocsin …"):
                stack.start()
                keys = first_keys.of(stack.directory)
            seconds = time.monotonic() - began
            if json:
                output.show_json(_as_json(stack, keys, seconds))
            else:
                _show(stack, keys, seconds)
                _warn(chosen)
            stack.watch(lambda part: output.note(f"{part} had died and is started again."))
        except KeyboardInterrupt:
            return


def _as_json(stack: Stack, keys: dict[str, str], seconds: float) -> dict[str, object]:
    return {
        "services": {
            service: {"url": stack.url(service), "admin_key": stack.secrets.admin_key(service)}
            for service in SERVICES
        },
        "keys": keys,
        "nats_url": stack.nats.url,
        "postgres_port": stack.postgres.port,
        "data_dir": stack.directory,
        "seconds": round(seconds, 1),
    }


def _show(stack: Stack, keys: dict[str, str], seconds: float) -> None:
    output.say(f"Tocsin runs, after {seconds:.1f} s. Its data are in {stack.directory}.\n")
    output.show_rows(
        ("service", "address", "operator's key"),
        [(name, stack.url(name), stack.secrets.admin_key(name)) for name in SERVICES],
        whole=True,
    )
    output.say("")
    output.show_rows(
        ("first", "at", "key"),
        [(who, newcomer.service, keys[who]) for who, newcomer in first_keys.NEWCOMERS.items()],
        whole=True,
    )
    output.say(
        "\nHand in a complaint:\n"
        f"  curl -sS {stack.url(INTAKE)}/v1/complaints -H 'Content-Type: application/json' \\\n"
        f"    -H 'Authorization: Bearer {keys['hotline']}' \\\n"
        '    -d \'{"words": "We have not been paid since March."}\'\n\n'
        "Each service describes its API at <address>/openapi.json. End with ^C."
    )


def _warn(chosen: dict[str, str]) -> None:
    if chosen:
        output.note(
            "For trying out, not for real complaints: alerts leave within seconds and webhooks may "
            f"go to this machine. For real ones set {', '.join(chosen)}."
        )
