"""Names for things: ids of the two zones, and public identifiers."""

import re
import secrets
import time
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import AfterValidator, StringConstraints

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_OS_ID_FORM = re.compile(rf"[A-Z]{{2}}[0-9]{{7}}[{CROCKFORD}]{{6}}")
_CROCKFORD_VALUE = {character: value for value, character in enumerate(CROCKFORD)}


def new_amber_id() -> UUID:
    """An id that sorts by time (UUIDv7, RFC 9562): for what never leaves the amber zone."""
    milliseconds = time.time_ns() // 1_000_000
    chance = secrets.randbits(74)
    return UUID(
        int=(milliseconds & ((1 << 48) - 1)) << 80
        | 0x7 << 76
        | (chance >> 62) << 64
        | 0b10 << 62
        | chance & ((1 << 62) - 1)
    )


def new_green_id() -> UUID:
    """An id that says nothing, not even when (UUIDv4): for what buyers may see."""
    return uuid4()


def _known_os_id(value: str) -> str:
    """Return the Open Supply Hub id in its plain form.

    Source: open-supply-hub `os_id.py`: two letters of country, seven digits of date, five
    characters, and a Crockford base-32 check digit over all that stands before it.

    Raises:
        ValueError: the form or the check digit is wrong.
    """
    plain = value.upper().replace("-", "").replace(" ", "")
    if not _OS_ID_FORM.fullmatch(plain):
        raise ValueError("not an OS ID: two letters, seven digits, six characters")
    total = ord(plain[0]) + ord(plain[1]) + sum(map(_CROCKFORD_VALUE.__getitem__, plain[2:14]))
    if CROCKFORD[total % 32] != plain[14]:
        raise ValueError("not an OS ID: the check digit is wrong")
    return plain


def _known_lei(value: str) -> str:
    """Return the legal entity identifier in its plain form (ISO 17442, mod 97-10 of ISO 7064).

    Raises:
        ValueError: the form or the check digits are wrong.
    """
    plain = value.upper().replace(" ", "")
    if not re.fullmatch(r"[A-Z0-9]{18}[0-9]{2}", plain):
        raise ValueError("not an LEI: eighteen letters and digits, two check digits")
    if int("".join(str(int(c, 36)) for c in plain)) % 97 != 1:
        raise ValueError("not an LEI: the check digits are wrong")
    return plain


OsId = Annotated[str, StringConstraints(max_length=32), AfterValidator(_known_os_id)]
Lei = Annotated[str, StringConstraints(max_length=32), AfterValidator(_known_lei)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
"""BCP 47."""
TimeZone = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$")
]
"""A name of the IANA time zone database; whether it is known is for the reader to say."""
IssueCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}\.[a-z_]{2,48}$")]
"""A code of the taxonomy, like `wages.unpaid`; whether it is known is for the reader to say."""
