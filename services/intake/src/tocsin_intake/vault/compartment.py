"""One complaint's part of the vault: what opens and closes under its data key."""

from uuid import UUID

from pydantic import BaseModel, Field

from tocsin_common.keyed import keyed_hash
from tocsin_common.sealing import public_key_of, seal, unseal, unseal_with
from tocsin_contracts.events.base import PLAIN
from tocsin_contracts.events.complaints import Reported
from tocsin_intake.schemas import Media


class Account(BaseModel):
    """A worker's words, and the facility and source as they were reported."""

    model_config = PLAIN

    words: str
    reported: Reported
    media: tuple[Media, ...] = Field(default=(), exclude=True)
    """Where in the hotline's own system lies what was sent along: sealed apart from the words."""


class Compartment:
    """One complaint's part of the vault, while somebody has it open."""

    def __init__(self, complaint_id: UUID, key: bytes) -> None:
        self.complaint_id = complaint_id
        self._about = complaint_id.bytes
        self._key = key

    @property
    def public_key(self) -> bytes:
        """What replies are sealed to; its private half is made from the data key."""
        return public_key_of(self._reply_key)

    @property
    def _reply_key(self) -> bytes:
        return keyed_hash(self._key, "reply-box")

    def seal(self, what: bytes, plain: str) -> bytes:
        """Seal a text; `what` it is stands fast, so that nothing can be put in its place."""
        return seal(self._key, plain.encode(), about=self._about + what)

    def open(self, what: bytes, sealed: bytes) -> str:
        """Open a text.

        Raises:
            Unreadable: the key is another, or something was changed.
        """
        return unseal(self._key, sealed, about=self._about + what).decode()

    def account(self, sealed: bytes) -> Account:
        """Open the words.

        Raises:
            Unreadable: the key is another, or something was changed.
        """
        return Account.model_validate_json(self.open(b"words", sealed))

    def reply(self, sealed: bytes) -> str:
        """Open an officer's reply.

        Raises:
            Unreadable: it was sealed to another complaint, or changed.
        """
        return unseal_with(self._reply_key, sealed).decode()
