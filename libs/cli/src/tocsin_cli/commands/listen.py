"""`tocsin listen`: a buyer's deliveries, handed on to a program on this machine."""

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from tocsin_cli import first_keys, output
from tocsin_cli.client import Client
from tocsin_cli.errors import NotReady, Unusable
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, BuyerKey, DataDir, Json
from tocsin_contracts.streams import NOTIFICATIONS

PATIENCE = 15.0  # seconds that the program has to answer, as any endpoint
EXCERPT = 200  # characters of its answer
SHORTEST, LONGEST = 1.0, 15.0  # seconds until a service that went away is asked again


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: it is not followed."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))


def listen(
    forward_to: Annotated[
        str, typer.Option("--forward-to", help="The address of your program.", metavar="URL")
    ],
    key: BuyerKey = None,
    stop_after: Annotated[
        int | None, typer.Option("--stop-after", help="Stop after so many deliveries.", min=1)
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Hand on a buyer's deliveries as they come, with exactly the bytes and signatures."""
    if urlsplit(forward_to).scheme not in ("http", "https"):
        raise Unusable(f"{forward_to} is no web address", "Name one, like http://localhost:3000/")
    url = Installation(data_dir).url(NOTIFICATIONS)
    buyer = Client(NOTIFICATIONS, url, key or first_keys.buyer(data_dir))
    listening = buyer.post("/v1/listen")
    if json:
        output.show_json(listening)
    else:
        output.say(f"Listening. Your signing secret is {listening['secret']} (^C stops)")
    left = stop_after
    while left is None or left > 0:
        taken = _ask(buyer, "/v1/listen/next", {"wait": 20})["data"]
        outcomes = [_hand_on(one, forward_to, as_json=json) for one in taken]
        if outcomes:
            noted = _ask(buyer, "/v1/listen/outcomes", {"data": outcomes})["noted"]
            if noted < len(outcomes):
                output.note(f"{len(outcomes) - noted} told too late; these deliveries come again")
        if left is not None:
            left -= len(outcomes)


def _ask(buyer: Client, path: str, body: Any) -> Any:
    """Ask until there is an answer: a service that is away comes back, and we go on."""
    pause = SHORTEST
    while True:
        try:
            return buyer.post(path, body)
        except NotReady as error:
            output.note(f"{error.what}; asking again in {pause:.0f} s (^C stops)")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST)


def _hand_on(taken: Mapping[str, Any], url: str, *, as_json: bool) -> dict[str, Any]:
    began = time.monotonic()
    status, excerpt = _post(url, taken["body"].encode(), taken["headers"])
    outcome = {
        "delivery_id": taken["delivery_id"],
        "lease": taken["lease"],
        "status": status,
        "milliseconds": round((time.monotonic() - began) * 1000),
        "excerpt": excerpt.replace("\x00", ""),
    }
    if as_json:
        output.show_json(outcome)
    else:
        output.say(f"{taken['delivery_id']}  {status or 'no answer'}  {outcome['milliseconds']} ms")
    return outcome


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int | None, str]:
    """Post exactly these bytes; return the status, if there is an answer, and its beginning."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310
    try:
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read(EXCERPT).decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(EXCERPT).decode(errors="replace")
    except (OSError, HTTPException):
        return None, ""
