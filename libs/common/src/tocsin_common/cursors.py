"""Cursors: places in a list that only this service can read (protection L2)."""

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from tocsin_common.problems import Problem


class BadCursor(Problem):
    """We did not make it, or not for this list of this caller."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_cursor"
    detail = (
        "Send `after` exactly as `next_cursor` gave it, with your own key and the same filters, "
        "or leave it out to begin anew."
    )


class Cursors:
    """Seals places in lists under one key (XChaCha20-Poly1305)."""

    def __init__(self, key: bytes, *before: bytes) -> None:
        self._aeads = [Aead(one) for one in (key, *before)]

    def seal(self, place: Sequence[str], *, about: str) -> str:
        """Make a cursor.

        Args:
            place: what the row there is sorted by.
            about: the list it belongs to: whose, which, how filtered. It opens for no other.
        """
        sealed = self._aeads[0].encrypt(json.dumps(place).encode(), about.encode())
        return _text_of(bytes(sealed))

    def unseal(self, cursor: str, *, about: str) -> list[str]:
        """Return the place a cursor stands for.

        Raises:
            BadCursor: it was changed, or made by others or for another list.
        """
        for aead in self._aeads:
            with suppress(CryptoError, ValueError):
                return json.loads(aead.decrypt(_bytes_of(cursor), about.encode()))
        raise BadCursor


def _text_of(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _bytes_of(cursor: str) -> bytes:
    """Decode what `_text_of` made and nothing else: base64 has more than one text for some bytes.

    Raises:
        ValueError: it is another text.
    """
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    if _text_of(sealed) != cursor:
        raise ValueError("not a cursor")
    return sealed
