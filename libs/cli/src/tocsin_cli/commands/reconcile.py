"""`tocsin integrations reconcile`: pull from KoboToolbox what it did not send, like edits.

Intake does so by itself where the integration's settings have the form's uid and a token. This is
for an installation that opens no connection to the outside: it runs where an operator runs it, as
from cron, and hands every submission in by the hotline's own door.
"""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import typer

from tocsin_cli import output
from tocsin_cli.client import Client, exchange
from tocsin_cli.errors import NotReady, Refused
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE

PAGE = 500  # submissions; Kobo allows a thousand
MOST_PAGES = 2000


def reconcile(
    integration: Annotated[UUID, typer.Argument(metavar="ID", help="The kobo integration.")],
    asset: Annotated[str, typer.Option(help="The form's uid in KoboToolbox.")],
    token: Annotated[
        str, typer.Option(envvar="TOCSIN_KOBO_TOKEN", help="Of an account that may read the form.")
    ],
    key: Annotated[str, typer.Option(envvar="TOCSIN_HOTLINE_KEY", help="The integration's key.")],
    kobo: Annotated[str, typer.Option(help="The server.")] = "https://kf.kobotoolbox.org",
    since: Annotated[
        str | None, typer.Option(help="Only what was sent since then, as 2031-02-03.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Pull a form's submissions; what intake knows already stays as it is."""
    intake = Client(INTAKE, Installation(data_dir).url(INTAKE), key)
    handed = 0
    for submission in _submissions(kobo.rstrip("/"), asset, token, since):
        intake.post(f"/v1/integrations/{integration}/kobo", submission)
        handed += 1
    if json:
        output.show_json({"submissions": handed})
    else:
        output.say(f"{handed} submissions are with intake.")


def _submissions(kobo: str, asset: str, token: str, since: str | None) -> Iterator[Any]:
    asked = {"format": "json", "limit": str(PAGE)}
    if since:
        asked["query"] = f'{{"_submission_time": {{"$gte": "{since}"}}}}'
    url: str | None = f"{kobo}/api/v2/assets/{asset}/data/?{urlencode(asked)}"
    for _ in range(MOST_PAGES):
        if url is None:
            return
        if urlsplit(url)[:2] != urlsplit(kobo)[:2]:  # the token goes nowhere else
            raise Refused("KoboToolbox points to another server", "Name that server with --kobo.")
        page = _page(url, token)
        yield from page["results"]
        url = page.get("next")


def _page(url: str, token: str) -> Any:
    try:
        status, page = exchange("GET", url, headers={"Authorization": f"Token {token}"})
    except OSError:
        raise NotReady("KoboToolbox does not answer", "Try again later.") from None
    if status in (429, 502, 503, 504):
        raise NotReady(f"KoboToolbox answered {status}", "Try again later.")
    if status != 200 or not isinstance(page, dict) or "results" not in page:
        raise Refused(f"KoboToolbox answered {status}", "Check --asset, --kobo and the token.")
    return page  # pyright: ignore[reportUnknownVariableType]
