"""Suppliers as a buyer sees them."""

from uuid import UUID

from pydantic import BaseModel, Field


class Supplier(BaseModel):
    """An organisation that the buyer's contracts reach."""

    organisation_id: UUID
    name: str | None = Field(
        description="Null until the registry has told it.", examples=["Lantern Assembly"]
    )
    country: str | None = Field(examples=["TH"])
    lei: str | None = Field(examples=["5493001KJTIIGC8Y1R12"])
    active_alerts: int = Field(description="Alerts that stand and that you may see.")
    facilities: int = Field(description="Facilities it has a role at.")


class LinkedFacility(BaseModel):
    """A facility that a supplier has a role at."""

    facility_id: UUID
    os_id: str | None = Field(examples=["CN2021250D1DTN7"])
    name: str = Field(examples=["Lantern Assembly, Plant 2"])
    country: str = Field(examples=["TH"])
    roles: list[str] = Field(examples=[["operator"]])
