"""What each button of the page asks of the one core, and which sheet shows what came of it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from tocsin_intake.dialogue import wishes
from tocsin_intake.dialogue.answers import back
from tocsin_intake.dialogue.phrases import language_of
from tocsin_intake.dialogue.schemas import ConsentWanted, MessageWritten, Shown
from tocsin_intake.dialogue.service import Outcome
from tocsin_intake.dialogue.window import Work
from tocsin_intake.erasure.certificates import Certificate
from tocsin_intake.worker_page.forms import Form
from tocsin_intake.worker_page.languages import words_of
from tocsin_intake.worker_page.parts import part_of
from tocsin_intake.worker_page.rendering import MOST_WORDS
from tocsin_intake.worker_page.sheets import SUPPLIER, Choices, Kind, Sheet, Typed, Unclear


@dataclass(frozen=True, slots=True)
class Visit:
    """What a worker sent, and in which language they want to read."""

    form: Form
    language: str | None
    """`None`: that of the complaint, or English."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked of the core, and what is shown of it."""

    work: Work
    sheet: Callable[[Outcome], Sheet]


def step_of(visit: Visit) -> Step | None:
    """What a form asks for; `None`: to begin.

    Raises:
        Unclear: it cannot be done as it was sent.
    """
    found = _STEPS.get(visit.form["do"])
    if found is None:
        return None
    try:
        return found(visit)
    except ValidationError as error:
        field = str(error.errors(include_input=False, include_url=False)[0]["loc"][0])
        raise Unclear(_SENTENCES.get(field, "mistyped"), field) from None


def begun(visit: Visit) -> Sheet:
    """Where a visit begins."""
    return Sheet(Kind.START, language_of(visit.language))


def refused(visit: Visit, unclear: Unclear) -> Sheet:
    """Say what was unclear, and lose nothing of what was written."""
    language = language_of(visit.language)
    says = [words_of(language)[unclear.sentence]]
    form = visit.form
    if form["do"] == "write" and unclear.field not in {"receipt", "pin"}:
        return replace(_to_write_again(visit, language), says=says)
    if form["do"] in {"", "start", "open"} or unclear.field in {"receipt", "pin"}:
        return Sheet(Kind.START, language, says=says, wrong=True, echo=form["receipt"][:64])
    return Sheet(Kind.NOTE, language, form.typed, says, wrong=True)


def _look(visit: Visit) -> Step:
    shown = Shown.model_validate(_who(visit))

    def sheet(outcome: Outcome) -> Sheet:
        told = back(outcome, visit.language)
        return Sheet(
            Kind.OVERVIEW,
            told.language,
            visit.form.typed,
            [one for one in (told.text, told.hint) if one],
            back=told,
            part=part_of(told.messages, visit.form.part),
            choices=Choices.of(told),
            renewable=outcome.found is not None and not outcome.found.renewed,
            reference=secrets.token_hex(8),
        )

    return Step(wishes.to_look(shown), _or_unknown(visit, sheet))


def _write(visit: Visit) -> Step:
    words, reference = visit.form["words"], visit.form["reference"]
    said = MessageWritten.model_validate(
        _who(visit) | {"words": words, "reference": reference or None}
    )
    if len(words) > MOST_WORDS:
        raise Unclear("words_wrong")

    def sheet(outcome: Outcome) -> Sheet:
        told = back(outcome, visit.language)
        if outcome.done:
            return _note(visit, told.language, words_of(told.language)["sent"])
        return replace(_to_write_again(visit, told.language), says=[told.hint])

    return Step(wishes.to_write(said), _or_unknown(visit, sheet))


def _agree(visit: Visit) -> Step:
    form = visit.form
    wanted = ConsentWanted.model_validate(
        _who(visit)
        | {name: form[name] for name in ("share", "contact") if form[name]}
        | ({"supplier_contact": SUPPLIER.get(form["supplier"])} if form["supplier"] else {})
        | ({"contact_me": form["contact_me"] == "yes"} if form["contact_me"] else {})
    )
    if wanted.contact and not wanted.contact_me:
        wanted = wanted.model_copy(update={"contact": None})

    def sheet(outcome: Outcome) -> Sheet:
        told = back(outcome, visit.language)
        words = words_of(told.language)
        if outcome.done:
            return _note(visit, told.language, words["saved"])
        unreachable = wanted.contact_me and not wanted.contact and not outcome.needs_own_number
        if unreachable and told.status != "withdrawn":
            return replace(_note(visit, told.language, words["contact_missing"]), wrong=True)
        return replace(_note(visit, told.language, told.hint), wrong=True)

    return Step(wishes.to_agree(wanted), _or_unknown(visit, sheet))


def _withdraw(visit: Visit) -> Step:
    shown = Shown.model_validate(_who(visit))
    _ticked(visit)

    def sheet(outcome: Outcome) -> Sheet:
        told = back(outcome, visit.language)
        return _note(visit, told.language, told.text)

    return Step(wishes.to_withdraw(shown), _or_unknown(visit, sheet))


def _erase(visit: Visit) -> Step:
    shown = Shown.model_validate(_who(visit))
    _ticked(visit)

    def sheet(outcome: Outcome) -> Sheet:
        told = back(outcome, visit.language)
        if not outcome.certificate:
            return replace(_note(visit, told.language, told.hint), wrong=True)
        certificate = Certificate.model_validate_json(outcome.certificate)
        return Sheet(
            Kind.NOTE,
            told.language,
            says=[told.text],
            erased_on=certificate.erased_on,
            backups_expire_on=certificate.backups_expire_on,
        )

    return Step(wishes.to_erase(shown), _or_unknown(visit, sheet))


def _renew(visit: Visit) -> Step:
    shown = Shown.model_validate(_who(visit))

    def sheet(outcome: Outcome) -> Sheet:
        told = back(outcome, visit.language)
        if not told.new_receipt or not told.new_pin:
            return replace(_note(visit, told.language, told.hint), wrong=True)
        return Sheet(Kind.NUMBER, told.language, Typed(told.new_receipt, told.new_pin))

    return Step(wishes.to_renew(shown), _or_unknown(visit, sheet))


_STEPS: Mapping[str, Callable[[Visit], Step]] = {
    "open": _look,
    "write": _write,
    "agree": _agree,
    "withdraw": _withdraw,
    "erase": _erase,
    "renew": _renew,
}
_SENTENCES = {"words": "words_wrong", "reference": "words_wrong", "contact": "contact_missing"}


def _who(visit: Visit) -> dict[str, str | None]:
    return {"receipt": visit.form["receipt"], "pin": visit.form["pin"] or None}


def _ticked(visit: Visit) -> None:
    if visit.form["sure"] != "yes":
        raise Unclear("tick")


def _note(visit: Visit, language: str, sentence: str) -> Sheet:
    return Sheet(Kind.NOTE, language, visit.form.typed, [sentence])


def _to_write_again(visit: Visit, language: str) -> Sheet:
    return Sheet(
        Kind.WRITE,
        language,
        visit.form.typed,
        wrong=True,
        words=visit.form["words"][:MOST_WORDS],
        reference=visit.form["reference"][:64] or secrets.token_hex(8),
    )


def _or_unknown(visit: Visit, sheet: Callable[[Outcome], Sheet]) -> Callable[[Outcome], Sheet]:
    """The sheet, or for a number nobody was given the one to begin with."""

    def made(outcome: Outcome) -> Sheet:
        if outcome.found:
            return sheet(outcome)
        told = back(outcome, visit.language)
        return Sheet(Kind.START, told.language, says=[told.text], wrong=True)

    return made
