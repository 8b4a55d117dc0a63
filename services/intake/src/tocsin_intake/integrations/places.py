"""How operators write down where a hotline's own system is spoken to."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

_HOST = r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?"


def _base(url: str) -> str:
    if not re.fullmatch(rf"https?://{_HOST}(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){{0,8}}/?", url):
        raise ValueError("is not like https://host/path")
    return url.rstrip("/")


def _origin(place: str) -> str:
    if not re.fullmatch(rf"(https?://)?{_HOST}", place):
        raise ValueError("is not like host or host:port")
    return place if "://" in place else f"https://{place}"


BaseUrl = Annotated[str, StringConstraints(max_length=300), AfterValidator(_base)]
"""What stands before the paths of a system's API; `http` only where the installation allows it."""
MediaHosts = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...],
    Field(
        max_length=10,
        description="Hosts that files are fetched from; no payload can name another.",
        examples=[["media.example.org"]],
    ),
]
