"""One handle for one source, however a system writes it."""

import unicodedata

BESIDE_DIGITS = " +-().\u00a0/"
SHORTEST = 6  # digits; fewer name no telephone


def plain(kind: str, handle: str) -> str:
    """A telephone number by its digits alone; anything else as it is."""
    if kind != "phone":
        return handle
    digits = ""
    for character in handle:
        if (value := unicodedata.decimal(character, None)) is not None:
            digits += str(value)
        elif character not in BESIDE_DIGITS:
            return handle
    return digits if len(digits) >= SHORTEST else handle
