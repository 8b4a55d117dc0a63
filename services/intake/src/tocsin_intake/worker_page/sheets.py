"""What the page can show, before it is written as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tocsin_contracts.events.complaints import Consent, SupplierContact
from tocsin_intake.dialogue.consent import Agreement
from tocsin_intake.dialogue.schemas import Back
from tocsin_intake.worker_page.parts import Part

SUPPLIER = {
    "never": SupplierContact.NEVER,
    "general": SupplierContact.GENERIC_ENQUIRY,
    "about": SupplierContact.ABOUT_COMPLAINT,
}
"""In words that may be seen by whoever looks into the page."""


class Unclear(Exception):
    """It cannot be done as it was sent; the page says why, by one of its own sentences."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Kind(StrEnum):
    """What a sheet is for."""

    START = "start"
    """Type a number."""
    OVERVIEW = "overview"
    """Where it stands, and all that can be done."""
    WRITE = "write"
    """Send words again that did not arrive."""
    NUMBER = "number"
    """A new number and PIN, once."""
    NOTE = "note"
    """A sentence, and the way on."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What goes from sheet to sheet, in hidden fields and nowhere else."""

    receipt: str = ""
    pin: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be agreed to with this number: with a shared one, only less (protection V8)."""

    share: Sequence[Consent]
    supplier: Sequence[str]
    contact_me: Sequence[bool]
    supplier_now: str

    @classmethod
    def of(cls, back: Back) -> "Choices":
        """What can be chosen from where things stand."""
        now = back.consent
        before = Agreement(now.share, now.supplier_contact, now.contact_me)

        def may(share: Consent, supplier: SupplierContact, *, contact_me: bool) -> bool:
            wanted = Agreement(share, supplier, contact_me)
            return back.own_number or not wanted.widens(before)

        return cls(
            supplier_now=next(
                name for name, one in SUPPLIER.items() if one == before.supplier_contact
            ),
            share=[
                one
                for one in (Consent.GIVEN, Consent.NOT_ASKED, Consent.REFUSED)
                if may(one, now.supplier_contact, contact_me=now.contact_me)
                and (one != Consent.NOT_ASKED or now.share == one)
            ],
            supplier=[
                name
                for name, one in SUPPLIER.items()
                if may(now.share, one, contact_me=now.contact_me)
            ],
            contact_me=[
                one for one in (True, False) if may(now.share, now.supplier_contact, contact_me=one)
            ],
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answer of the page."""

    kind: Kind
    language: str
    typed: Typed = Typed()
    says: Sequence[str] = ()
    """Sentences on what came of it."""
    wrong: bool = False
    """They are about something that did not work."""
    back: Back | None = None
    part: Part | None = None
    choices: Choices | None = None
    renewable: bool = False
    """A number that nobody else has seen can be had."""
    echo: str = ""
    """A number that was mistyped, to be corrected."""
    words: str = ""
    """Words that did not arrive, to be sent again."""
    reference: str = ""
    """Of a message: sent twice, it is stored once."""
    erased_on: date | None = None
    backups_expire_on: date | None = None

    @property
    def withdrawn(self) -> bool:
        """It was taken back: nothing more can be said about it."""
        return self.back is not None and self.back.status == "withdrawn"
