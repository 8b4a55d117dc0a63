"""What operators send about officers, and what they get back."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tocsin_cases.officers.models import Officer
from tocsin_common.text import Line


class NewOfficer(BaseModel):
    """A case officer, as the operator registers one."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Line = Field(examples=["Ines Okafor"])


class OfficerCreated(BaseModel):
    """The officer, and the key: shown once."""

    officer_id: UUID
    key: str = Field(examples=["tcs_officer_3f9c…"])


class OfficerShown(BaseModel):
    """An officer as the operator sees one."""

    officer_id: UUID
    name: str
    created_at: datetime
    disabled: bool

    @classmethod
    def of(cls, officer: Officer) -> "OfficerShown":
        return cls(
            officer_id=officer.id,
            name=officer.name,
            created_at=officer.created_at,
            disabled=officer.disabled_at is not None,
        )
