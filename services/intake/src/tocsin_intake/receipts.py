"""The secret number a worker keeps: derived, never stored, found again by a keyed hash."""

import secrets
import unicodedata
from uuid import UUID

from tocsin_common.keyed import keyed_hash

DIGITS = 15


def derive(key: bytes, complaint_id: UUID) -> str:
    """Make a complaint's receipt: 15 digits and a check digit, in groups of four."""
    secret = keyed_hash(key, "receipt", complaint_id.bytes)
    digits = f"{int.from_bytes(secret, 'big') % 10**DIGITS:0{DIGITS}d}"
    return grouped(digits + check_digit(digits))


def hash_of(key: bytes, receipt: str) -> bytes:
    """What is stored of a receipt."""
    return keyed_hash(key, "receipt-lookup", receipt.replace(" ", ""))


def read(typed: str) -> str | None:
    """Read a receipt as somebody typed it: any script's digits, spaces and dashes.

    Return it in groups of four, or `None` when it is not one.
    """
    digits = ""
    for character in typed[:64]:
        if (value := unicodedata.decimal(character, None)) is not None:
            digits += str(value)
        elif not (character.isspace() or unicodedata.category(character) in {"Pd", "Cf"}):
            return None
    if len(digits) != DIGITS + 1 or check_digit(digits[:DIGITS]) != digits[DIGITS]:
        return None
    return grouped(digits)


def new() -> str:
    """A receipt that is derived from nothing, for a worker's eyes alone."""
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    return grouped(digits + check_digit(digits))


def digits_of(typed: str) -> str:
    """The digits in what somebody typed, of any script, as ASCII."""
    values = (unicodedata.decimal(character, None) for character in typed)
    return "".join(str(value) for value in values if value is not None)


def grouped(digits: str) -> str:
    """Digits in groups of four, as they are shown and read out."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def check_digit(digits: str) -> str:
    """The check digit of ISO/IEC 7064 MOD 11,10: sees every single wrong digit."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)
