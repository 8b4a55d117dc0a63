"""What a browser sends: a small form in a POST, and nothing in the address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from tocsin_intake.worker_page.sheets import Typed, Unclear

TYPE = "application/x-www-form-urlencoded"
MOST_BYTES = 65_536
MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Form:
    """One form as it was sent; what is not there is empty."""

    fields: Mapping[str, str] = field(default_factory=dict[str, str])

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    @property
    def typed(self) -> Typed:
        """The number and PIN that came with it."""
        return Typed(self["receipt"][:64], self["pin"][:16])

    @property
    def part(self) -> int:
        """Which page of the messages is wanted."""
        wanted = self["part"]
        return int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 5 else 0


async def read(request: Request) -> Form:
    """Read a form.

    Raises:
        Unclear: it is none.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != TYPE:
        raise Unclear("later")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unclear("words_wrong")
    try:
        sent = bytes(body).decode("ascii")
        return Form(dict(parse_qsl(sent, max_num_fields=MOST_FIELDS, errors="strict")))
    except ValueError:
        raise Unclear("later") from None
