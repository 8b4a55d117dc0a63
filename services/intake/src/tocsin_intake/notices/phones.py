"""Where a worker is reached by telephone: where they wrote from, else the number they gave."""

from tocsin_intake.acceptance import sources
from tocsin_intake.vault import Contact

LONGEST = 15  # digits (E.164)


def address_of(contact: Contact | None) -> str | None:
    """The address in the hotline's system, or a number that says its country."""
    if contact is None:
        return None
    return contact.address or _number(contact.said)


def _number(said: str | None) -> str | None:
    digits = sources.plain("phone", said or "")
    if said and said.strip().startswith("+") and digits.isdecimal() and len(digits) <= LONGEST:
        return f"+{digits}"
    return None
