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
    return " ".join(folded.translate(_KEPT).split())


def tidy(name: str) -> str:
    """Return a name as it is shown: on one line."""
    return " ".join(name.split())


class _Kept(dict[int, str]):
    """What becomes of each character, looked up once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        written = character if category.startswith(WRITTEN) else " "
        self[code] = kept = "" if category == INVISIBLE else written
        return kept


_KEPT = _Kept()
