"""How a hotline's own system speaks, as it lies in the database: sealed under the vault key."""

from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from tocsin_intake.integrations.notices import NOTICES, Notices
from tocsin_intake.integrations.systems import SEALING, System
from tocsin_intake.models import Integration
from tocsin_intake.vault import Vault


class SealedSystem(BaseModel):
    """As it is, and as it was while a rotation overlaps."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    now: System = System()
    before: System | None = None
    before_until: AwareDatetime | None = None

    @classmethod
    def open(cls, vault: Vault, integration: Integration) -> Self:
        """Open what is stored.

        Raises:
            Unreadable: it was sealed under another key.
            ValidationError: another version wrote it.
        """
        if not integration.sealed_secrets:
            return cls()
        opened = vault.open_secrets(integration.id, integration.sealed_secrets)
        return cls.model_validate_json(opened)

    def seal(self, vault: Vault, integration_id: UUID) -> bytes:
        """Make what is stored."""
        written = self.model_dump_json(exclude_none=True, context={SEALING: True})
        return vault.seal_secrets(integration_id, written.encode())

    def valid(self) -> tuple[System, ...]:
        """Every way of speaking that is taken now, the present one first."""
        if self.before and self.before_until and self.before_until > datetime.now(UTC):
            return (self.now, self.before)
        return (self.now,)


def notices_of(vault: Vault, integration: Integration) -> Notices | None:
    """Open what is stored of its notices.

    Raises:
        Unreadable: it was sealed under another key.
        ValidationError: another version wrote it.
    """
    if not integration.sealed_notices:
        return None
    opened = vault.open_secrets(integration.id, integration.sealed_notices)
    return NOTICES.validate_json(opened)
