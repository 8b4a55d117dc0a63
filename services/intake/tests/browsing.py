"""A browser without scripts: it shows one page, and sends the forms that are on it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from tocsin_common.testing.http import Answer, Client

HOST = "notes.example.org"
NAME = "Silver Heron Notes"
PAGE: dict[str, Any] = {"hosts": [HOST], "name": NAME, "leave_to": "https://weather.example.com/"}


@dataclass
class Shown:
    """What is on a page: its forms with their fields, and everything a person reads."""

    forms: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    labels: set[str] = field(default_factory=set[str])
    named: dict[str, str] = field(default_factory=dict[str, str])
    """Fields that a person fills, by their ids."""
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list[tuple[str, dict[str, str]]])
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.shown = Shown()
        self._hidden = False
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.shown.tags.append((tag, given))
        self._hidden = tag in {"style", "title"}
        if tag == "form":
            self.shown.forms.append({})
        elif tag == "input" and given["type"] in {"hidden", "text"}:
            self.shown.forms[-1][given["name"]] = given.get("value", "")
        elif tag == "input" and "checked" in given:
            self.shown.forms[-1][given["name"]] = given["value"]
        elif tag == "textarea":
            self._area = given["name"]
            self.shown.forms[-1][self._area] = ""
        elif tag == "label" and "for" in given:
            self.shown.labels.add(given["for"])
        if "id" in given:
            self.shown.named[given["id"]] = given.get("name", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "title", "textarea"}:
            self._hidden, self._area = False, ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.shown.forms[-1][self._area] += data.removeprefix("\n")
        elif not self._hidden:
            self.shown.text += data


@dataclass
class Browser:
    """One worker's phone at one host name."""

    intake: Client
    host: str = HOST
    languages: str = "en"
    answer: Answer | None = None

    async def come(self) -> Shown:
        """Type the address."""
        self.answer = await self.intake.get("/", headers=self._headers)
        return self.shown

    async def submit(self, do: str, **typed: str) -> Shown:
        """Press the button of the form that does this, with what was typed into it."""
        [form, *_] = [one for one in self.shown.forms if one.get("do") == do]
        return await self.send(form | typed)

    async def send(self, form: dict[str, str]) -> Shown:
        """Send any form."""
        self.answer = await self.intake.post("/", data=form, headers=self._headers)
        return self.shown

    @property
    def shown(self) -> Shown:
        """What is on the page."""
        assert self.answer
        reader = _Reader()
        reader.feed(self.answer.text)
        return reader.shown

    @property
    def got(self) -> Answer:
        assert self.answer
        return self.answer

    @property
    def _headers(self) -> dict[str, Any]:
        return {"Host": self.host, "Accept-Language": self.languages}
