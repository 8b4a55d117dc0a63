"""Names as people write them, brought to a form in which the same name is the same text."""

import unicodedata

INVISIBLE = "Cf"  # soft hyphens, joiners, marks of direction: dropped, not a gap between words
WRITTEN = ("L", "M", "N")  # letters, the marks on them, and figures


def plain(name: str) -> str:
    """Return what two spellings of one name have in common.

    Compatibility forms, case, white space and punctuation do not count (Unicode NFKC and
    casefold). A name without letters and figures is empty.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kept = (_kept(character) for character in folded)
    return " ".join("".join(kept).split())


def tidy(name: str) -> str:
    """Return a name as it is shown: on one line."""
    return " ".join(name.split())


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category == INVISIBLE:
        return ""
    return character if category.startswith(WRITTEN) else " "
