"""How a worker who agreed to it can be reached: sealed, and opened only to tell that one waits."""

from pydantic import BaseModel

from tocsin_common.sealing import Unreadable, seal_to
from tocsin_contracts.events.base import PLAIN
from tocsin_intake.vault.compartment import Compartment

_REACH, _SAID, _FOR_HOTLINE = b"reach", b"contact", b"contact-for-hotline"


class Contact(BaseModel):
    """That somebody agreed to be contacted, and how; the hotline may be the one who knows."""

    model_config = PLAIN

    said: str | None = None
    """In their own words."""
    address: str | None = None
    """Where they wrote from, as the hotline's own system calls it."""


class ForHotlineOnly(Exception):
    """It was sealed to the hotline's own key (protection V11)."""


def seal_contact(compartment: Compartment, contact: Contact, contact_key: bytes | None) -> bytes:
    """Seal a contact, to the hotline's own key if it has one, and in either case to die with us."""
    if contact_key is None:
        return compartment.seal(_REACH, contact.model_dump_json(exclude_none=True))
    plain = (contact.said or contact.address or "").encode()
    return compartment.seal(_FOR_HOTLINE, seal_to(contact_key, plain).hex())


def open_contact(compartment: Compartment, sealed: bytes) -> Contact:
    """Open a contact.

    Raises:
        ForHotlineOnly: only the hotline can.
        Unreadable: it was changed.
    """
    if (found := _opened(compartment, _REACH, sealed)) is not None:
        return Contact.model_validate_json(found)
    if (found := _opened(compartment, _SAID, sealed)) is not None:  # before there were addresses
        return Contact(said=found)
    compartment.open(_FOR_HOTLINE, sealed)
    raise ForHotlineOnly


def _opened(compartment: Compartment, what: bytes, sealed: bytes) -> str | None:
    try:
        return compartment.open(what, sealed)
    except Unreadable:
        return None
