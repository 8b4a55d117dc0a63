"""What a letter says. Of what is not verified it says nothing but that it is there (L6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tocsin_contracts.alerts import Alert
from tocsin_notifications.mail.words import Words, language_of, name_of, words_of

LONGEST_SUBJECT = 120
MOST_NAMED = 5  # organisations in a subject or a row; the portal shows them all


@dataclass(frozen=True, slots=True)
class Table:
    """What a letter says about one thing."""

    rows: Sequence[tuple[str, str]]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """What the letter asks its reader to do."""

    label: str
    link: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter before it is written."""

    subject: str
    paragraphs: Sequence[str]
    tables: Sequence[Table] = ()
    action: Action | None = None
    closing: Sequence[str] = ()
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it is sent, in both its parts."""

    subject: str
    plain: str
    html: str
    language: str


@dataclass(frozen=True, slots=True)
class Told:
    """An alert version as mail may tell it."""

    alert_id: str
    type: str
    link: str
    alert: Alert | None = field(default=None)
    """Only at the confirmed levels."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is written to."""

    buyer: str
    language: str
    unsubscribe: str


def of_alert(told: Told, reader: Reader) -> Letter:
    """Tell one alert version."""
    words = words_of(language_of(reader.language))
    if not told.alert:
        table = Table([(words["label"]["alert"], told.alert_id)], told.link)
        said = [words["text"]["unverified"]]
        return _letter(words, reader, words["subject"]["unverified"], said, [table])
    state = told.type.removeprefix("alert.")
    subject = words["subject"][state].format(who=_names(told.alert))
    return _letter(words, reader, subject, [words["text"][state]], [_table(words, told)])


def of_digest(alerts: Sequence[Told], reader: Reader) -> Letter:
    """Tell what was collected; whoever calls has left out what is not verified."""
    words = words_of(language_of(reader.language))
    one = len(alerts) == 1
    subject = words["subject"]["digest_one" if one else "digest_many"].format(count=len(alerts))
    tables = [_table(words, told) for told in alerts if told.alert]
    return _letter(words, reader, subject, [words["text"]["digest"]], tables)


def of_confirmation(link: str, reader: Reader) -> Letter:
    """Ask whether an address wants to be told."""
    words = words_of(language_of(reader.language))
    return Letter(
        subject=words["subject"]["confirmation"],
        paragraphs=[words["text"]["confirmation"].format(buyer=reader.buyer)],
        action=Action(words["label"]["confirm"], link),
        closing=[words["text"]["ignore"]],
    )


def of_disabled(endpoint: str, kind: str, reason: str, reader: Reader) -> Letter:
    """Say that one of the buyer's endpoints is sent nothing more."""
    words = words_of(language_of(reader.language))
    label = words["label"]
    rows = [(label["endpoint"], endpoint), (label["reason"], name_of(words, "reason", reason))]
    which = "disabled_mail" if kind == "email" else "disabled"
    subject, text = words["subject"][which], words["text"]["disabled"]
    return _letter(words, reader, subject, [text], [Table(rows)])


def of_test(reader: Reader) -> Letter:
    """Say that this is a test."""
    words = words_of(language_of(reader.language))
    return _letter(words, reader, words["subject"]["test"], [words["text"]["test"]], [])


def write(letter: Letter, language: str) -> Written:
    """Write both parts of a letter."""
    language = language_of(language)
    shown: dict[str, Any] = {
        "letter": letter,
        "words": words_of(language),
        "language": language,
    }
    templates = environment()
    return Written(
        subject=" ".join(letter.subject.split())[:LONGEST_SUBJECT],
        plain=templates.get_template("letter.txt.j2").render(shown).strip() + "\n",
        html=templates.get_template("letter.html.j2").render(shown),
        language=language,
    )


@cache
def environment() -> Environment:
    """The templates; what goes into HTML is escaped."""
    return Environment(
        loader=PackageLoader("tocsin_notifications.mail"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _letter(
    words: Words,
    reader: Reader,
    subject: str,
    paragraphs: Sequence[str],
    tables: Sequence[Table],
) -> Letter:
    return Letter(
        subject=subject,
        paragraphs=paragraphs,
        tables=tables,
        closing=[words["text"]["why"].format(buyer=reader.buyer)],
        unsubscribe=reader.unsubscribe,
    )


def _table(words: Words, told: Told) -> Table:
    """What a confirmed alert says, by its codes; the facility is named at the portal only."""
    alert, label = told.alert, words["label"]
    if not alert:
        return Table([(label["alert"], told.alert_id)], told.link)
    organisations = ", ".join(
        f"{one.name} ({', '.join(name_of(words, 'role', role) for role in one.roles)})"
        for one in alert.organisations[:MOST_NAMED]
    )
    rows = [
        (label["alert"], told.alert_id),
        (label["organisations"], organisations),
        (label["country"], alert.country),
        (label["issue"], name_of(words, "group", alert.issue_group)),
        (label["severity"], words["severity"].format(number=alert.severity)),
        (label["position"], name_of(words, "position", alert.supplier_position)),
        (label["ask"], name_of(words, "ask", alert.ask)),
        (label["review"], alert.review_by.isoformat()),
    ]
    return Table([(name, " ".join(value.split())) for name, value in rows], told.link)


def _names(alert: Alert) -> str:
    return ", ".join(one.name for one in alert.organisations[:MOST_NAMED])
