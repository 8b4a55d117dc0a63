"""Writes a sheet as HTML: no script, nothing from elsewhere, and always of the same size."""

import base64
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from tocsin_intake.worker_page.languages import NAMES, direction_of, words_of
from tocsin_intake.worker_page.models import WorkerPage
from tocsin_intake.worker_page.sheets import Sheet

SIZE = 12_288  # bytes of every answer, whatever it says; with its headers below 14 kB
MOST_WORDS = 2000  # characters of a message, so that it can be shown again if it did not arrive

_FOLDER = files("tocsin_intake.worker_page").joinpath("templates")
STYLE = _FOLDER.joinpath("style.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


def write(page: WorkerPage, sheet: Sheet) -> bytes:
    """The answer to the browser."""
    html = (
        _template()
        .render(
            sheet=sheet,
            words=words_of(sheet.language),
            name=page.names.get(sheet.language, page.name),
            leave_to=page.leave_to,
            direction=direction_of(sheet.language),
            languages=NAMES,
            most=MOST_WORDS,
            style=STYLE,
        )
        .encode()
    )
    return html + b" " * (-len(html) % SIZE)


@cache
def _template() -> Template:
    return Environment(
        loader=PackageLoader("tocsin_intake.worker_page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("page.html.j2")
