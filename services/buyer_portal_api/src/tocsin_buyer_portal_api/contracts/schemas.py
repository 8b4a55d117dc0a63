"""Contracts as the operator sets them and their buyer sees them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from tocsin_buyer_portal_api.buyers.schemas import LARGEST_REACH
from tocsin_buyer_portal_api.contracts.models import Contract
from tocsin_common.text import Line


class NewContract(BaseModel):
    """A contract, and the organisations it is confirmed to reach."""

    reference: Line = Field(examples=["Laptops 2026-2030, lot 2"])
    organisation_ids: list[UUID] = Field(max_length=LARGEST_REACH)


class ContractShown(BaseModel):
    """A contract. Its id is what a subscription by contract names."""

    contract_id: UUID
    version: int = Field(examples=[1])
    reference: str = Field(examples=["Laptops 2026-2030, lot 2"])
    organisations: int = Field(description="How many organisations it reaches.", examples=[12])
    created_at: datetime

    @classmethod
    def of(cls, contract: Contract, organisations: int) -> "ContractShown":
        return cls(organisations=organisations, **contract.model_dump(exclude={"buyer_id"}))


class ContractDetail(ContractShown):
    """A contract with the organisations it reaches."""

    organisation_ids: list[UUID]
