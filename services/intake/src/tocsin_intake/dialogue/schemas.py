"""What a worker sends with a receipt, and what comes back; what a hotline adds and is told."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, StringConstraints, field_validator

from tocsin_common.text import Line, Words
from tocsin_contracts.events.complaints import Consent, SupplierContact
from tocsin_contracts.ids import Language
from tocsin_intake import receipts
from tocsin_intake.schemas import Submitted

PAGE = 2048  # bytes: every answer is a multiple of it, whatever it says

Pin = Annotated[str, StringConstraints(min_length=6, max_length=16)]


class Shown(Submitted):
    """A receipt, as somebody typed it: any script's digits, spaces and dashes."""

    receipt: Annotated[str, StringConstraints(max_length=64)] = Field(
        examples=["0412 8801 7265 3394"]
    )
    pin: Pin | None = Field(default=None, description="With one's own number.")
    language: Language | None = Field(default=None, examples=["vi"])

    @field_validator("receipt")
    @classmethod
    def _read(cls, typed: str) -> str:
        if (read := receipts.read(typed)) is None:
            raise ValueError("is mistyped: a digit is wrong or missing")
        return read

    @field_validator("pin")
    @classmethod
    def _digits(cls, typed: str | None) -> str | None:
        return receipts.digits_of(typed) if typed else None


class MessageWritten(Shown):
    """Words to be added."""

    words: Words
    reference: Line | None = Field(
        default=None, description="The same reference is the same message: safe to send again."
    )


class ConsentWanted(Shown):
    """What one agrees to from now on; what is left out stays."""

    share: Consent | None = None
    supplier_contact: SupplierContact | None = None
    contact_me: StrictBool | None = None
    contact: Line | None = Field(default=None, description="Needed to be contacted.")


class MessageShown(BaseModel):
    """One message of the dialogue."""

    author: str
    written_on: date
    words: str


class ConsentShown(BaseModel):
    """What was agreed to."""

    share: Consent = Consent.REFUSED
    supplier_contact: SupplierContact = SupplierContact.NEVER
    contact_me: bool = False


class Back(BaseModel):
    """What a receipt shows. A wrong number is answered in the same shape and size."""

    known: bool = False
    done: bool = Field(default=False, description="What was asked for has been done.")
    status: str = "unknown"
    text: str = Field(examples=["Somebody is working on it."])
    hint: str = Field(default="", description="What to do next, if anything.")
    language: str
    received_on: date | None = None
    acknowledged_on: date | None = None
    consent: ConsentShown = ConsentShown()
    messages: list[MessageShown] = []
    messages_there: int = Field(default=0, description="Read them with one's own number.")
    own_number: bool = Field(default=False, description="Shown with one's own number and PIN.")
    new_receipt: str | None = Field(default=None, description="Shown only now.")
    new_pin: str | None = Field(default=None, description="Shown only now.")
    certificate: str | None = Field(default=None, description="Of an erasure.")
    padding: str = ""

    def padded(self) -> "Back":
        """The same, in a size that tells nothing."""
        size = len(self.model_dump_json().encode())
        return self.model_copy(update={"padding": " " * (-size % PAGE)})


class HotlineMessage(Submitted):
    """Words a hotline adds to a complaint it handed in; it cannot read any."""

    external_ref: Line
    words: Words
    reference: Line | None = Field(
        default=None, description="The same reference is the same message: safe to send again."
    )


class MessageStored(BaseModel):
    """The message is stored."""

    message_id: UUID
