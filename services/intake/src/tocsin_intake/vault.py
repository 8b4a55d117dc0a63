"""Seals what a worker says; the only file that sees it on its way in and out."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from tocsin_common.keyed import keyed_hash
from tocsin_common.sealing import Box, new_key, seal, unseal
from tocsin_contracts.events.base import PLAIN
from tocsin_contracts.events.complaints import Reported


class Account(BaseModel):
    """A worker's words, and the facility and source as they were reported."""

    model_config = PLAIN

    words: str
    reported: Reported


@dataclass(frozen=True, slots=True)
class Sealed:
    """A complaint's part of the vault, as it is stored."""

    wrapped_key: bytes
    words: bytes
    contact: bytes | None
    for_cases: bytes
    """What cases may read: facility text and source tag, in a box to cases."""


class Vault:
    """Seals under a data key per complaint, wrapped by a key that is not in the database."""

    def __init__(self, vault_key: bytes, tag_key: bytes, cases: Box) -> None:
        self._vault_key = vault_key
        self._tag_key = tag_key
        self._cases = cases

    def seal(self, complaint_id: UUID, account: Account, contact: str | None) -> Sealed:
        """Seal everything a complaint says that is not a code."""
        about, key = complaint_id.bytes, new_key()
        return Sealed(
            wrapped_key=seal(self._vault_key, key, about=about),
            words=seal(key, account.model_dump_json().encode(), about=about + b"words"),
            contact=(contact and seal(key, contact.encode(), about=about + b"contact")) or None,
            for_cases=self._cases.seal(account.reported.model_dump_json().encode()),
        )

    def open(self, complaint_id: UUID, wrapped_key: bytes, words: bytes) -> Account:
        """Open a complaint's words.

        Raises:
            Unreadable: the key is another, or something was changed.
        """
        about = complaint_id.bytes
        key = unseal(self._vault_key, wrapped_key, about=about)
        return Account.model_validate_json(unseal(key, words, about=about + b"words"))

    def tag(self, kind: str, handle: str) -> bytes:
        """What stands for a source's handle: the same for the same handle, and no way back."""
        return keyed_hash(self._tag_key, "source-tag", kind, handle)

    def seal_secrets(self, integration_id: UUID, secrets: bytes) -> bytes:
        """Seal the secrets of a hotline's own system."""
        return seal(self._vault_key, secrets, about=integration_id.bytes)

    def open_secrets(self, integration_id: UUID, sealed: bytes) -> bytes:
        """Open them again.

        Raises:
            Unreadable: the key is another, or something was changed.
        """
        return unseal(self._vault_key, sealed, about=integration_id.bytes)
