"""One handle for one source, however a system writes it."""

import unicodedata

BESIDE_DIGITS = "+()./"
UNWRITTEN = frozenset({"Cf", "Pd", "Zs"})  # marks of direction, dashes, spaces
SHORTEST = 6  # digits; fewer name no telephone
TELLING = 8  # the last ones, which every way to write a number has in common


def plain(kind: str, handle: str) -> str:
    """A telephone number by its last digits; anything else by its letters, in either case.

    `+84 912 345 678`, `0084912345678` and `0912-345-678` are one number: a messenger writes it in
    one way and the line's own telephone in another. Whoever counted twice would stand for two
    people (protection D2); that two people share eight digits is rare, and then too few count.
    """
    digits = _digits(handle) if kind == "phone" else ""
    return digits[-TELLING:] if len(digits) >= SHORTEST else handle.casefold()


def _digits(handle: str) -> str:
    """The digits of a number; empty where it is none."""
    digits = ""
    for character in handle:
        if (value := unicodedata.decimal(character, None)) is not None:
            digits += str(value)
        elif character not in BESIDE_DIGITS and unicodedata.category(character) not in UNWRITTEN:
            return ""
    return digits
