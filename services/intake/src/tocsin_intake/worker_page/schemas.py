"""What an operator says of a hotline's page."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tocsin_common.text import Line
from tocsin_intake.schemas import Submitted

MOST_HOSTS = 5

Host = Annotated[
    str,
    StringConstraints(
        to_lower=True,
        max_length=253,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        r"(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$",
    ),
]
"""A host name as it stands in DNS; one of another script in its ASCII form."""
Name = Annotated[Line, Field(max_length=60)]
Spoken = Literal["en", "zh", "th", "vi", "es", "id"]
"""A language the page speaks."""


class PageSettings(Submitted):
    """A page: neutral, so that whoever looks over a shoulder learns nothing."""

    hosts: list[Host] = Field(
        min_length=1,
        max_length=MOST_HOSTS,
        description="Where it is served, and where nothing else is.",
        examples=[["notes.example.org"]],
    )
    name: Name = Field(
        description="What stands above it and in its title: a name that says nothing.",
        examples=["Silver Heron Notes"],
    )
    names: dict[Spoken, Name] = Field(
        default_factory=dict[Spoken, Name], description="The same in languages of its own."
    )
    leave_to: Annotated[str, StringConstraints(pattern=r"^https://[^\s\"'<>]{1,250}$")] = Field(
        description="Where its link to leave quickly goes: a page that is ordinary where the "
        "workers live.",
        examples=["https://weather.example.com/"],
    )
