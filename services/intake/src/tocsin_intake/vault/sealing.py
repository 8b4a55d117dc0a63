"""Seals what a worker says, under a key of its own for each complaint."""

from dataclasses import dataclass
from uuid import UUID

from tocsin_common.sealing import Box, new_key
from tocsin_contracts.events.complaints import Reported
from tocsin_intake.vault.compartment import Account, Compartment
from tocsin_intake.vault.contacts import Contact, seal_contact
from tocsin_intake.vault.keys import KeyWrapper
from tocsin_intake.vault.tags import TagKeys

MEDIA = b"media"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A complaint's part of the vault, as it is stored."""

    wrapped_key: bytes
    words: bytes
    contact: bytes | None
    for_cases: bytes
    """What cases may read: facility text and source tag, in a box to cases."""
    public_key: bytes
    """Replies are sealed to it."""
    media: tuple[bytes, ...] = ()
    """Where each file lies that was sent along."""


class Vault:
    """Seals under a data key per complaint, wrapped by a key that is not in the database."""

    def __init__(self, keys: KeyWrapper, tags: TagKeys, cases: Box) -> None:
        self.keys = keys
        self.tags = tags
        self._cases = cases

    def seal(
        self,
        complaint_id: UUID,
        account: Account,
        contact: Contact | None,
        contact_key: bytes | None = None,
    ) -> Sealed:
        """Seal everything a complaint says that is not a code.

        Args:
            complaint_id: what it belongs to.
            account: what was said.
            contact: how the source can be reached, if it agreed to that.
            contact_key: the hotline's own; then nobody else ever reads the contact (V11).
        """
        key = new_key()
        compartment = Compartment(complaint_id, key)
        return Sealed(
            wrapped_key=self.keys.wrap(key, about=complaint_id.bytes),
            words=compartment.seal(b"words", account.model_dump_json()),
            contact=seal_contact(compartment, contact, contact_key) if contact else None,
            for_cases=self._cases.seal(account.reported.model_dump_json().encode()),
            public_key=compartment.public_key,
            media=tuple(compartment.seal(MEDIA, one.model_dump_json()) for one in account.media),
        )

    def compartment(self, complaint_id: UUID, wrapped_key: bytes) -> Compartment:
        """Unwrap a complaint's data key.

        Raises:
            Unreadable: it was wrapped by a key that is not known here.
        """
        return Compartment(complaint_id, self.keys.unwrap(wrapped_key, about=complaint_id.bytes))

    def nothing(self) -> Compartment:
        """An empty compartment, unwrapped at the same cost as any."""
        nobody = UUID(int=0)
        return self.compartment(nobody, self.keys.wrap(new_key(), about=nobody.bytes))

    def open(self, complaint_id: UUID, wrapped_key: bytes, words: bytes) -> Account:
        """Open a complaint's words.

        Raises:
            Unreadable: the key is another, or something was changed.
        """
        return self.compartment(complaint_id, wrapped_key).account(words)

    def seal_again(
        self, complaint_id: UUID, wrapped_key: bytes, words: bytes, *, with_source: bool
    ) -> tuple[bytes, bytes]:
        """Seal to cases once more what only cases may read; return it with the key for replies.

        The words are opened for it and leave no more than this function.

        Raises:
            Unreadable: the key is another, or something was changed.
        """
        compartment = self.compartment(complaint_id, wrapped_key)
        reported = compartment.account(words).reported
        if not with_source:
            reported = Reported(
                facility_name=reported.facility_name, facility_address=reported.facility_address
            )
        return self._cases.seal(reported.model_dump_json().encode()), compartment.public_key

    def rewrap(self, complaint_id: UUID, wrapped_key: bytes) -> bytes:
        """Wrap a data key under the current key; the content stays as it is.

        Raises:
            Unreadable: it was wrapped by a key that is not known here.
        """
        about = complaint_id.bytes
        return self.keys.wrap(self.keys.unwrap(wrapped_key, about=about), about=about)

    def seal_secrets(self, integration_id: UUID, secrets: bytes) -> bytes:
        """Seal the secrets of a hotline's own system."""
        return self.keys.wrap(secrets, about=integration_id.bytes)

    def open_secrets(self, integration_id: UUID, sealed: bytes) -> bytes:
        """Open them again.

        Raises:
            Unreadable: the key is another, or something was changed.
        """
        return self.keys.unwrap(sealed, about=integration_id.bytes)
