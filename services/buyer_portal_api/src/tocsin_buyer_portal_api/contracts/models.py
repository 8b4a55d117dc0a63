"""What is stored about contracts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Contract(Table, table=True):
    """A contract of a buyer's."""

    __table_args__ = (Index(None, "buyer_id", "created_at", "contract_id"),)

    contract_id: UUID = Field(primary_key=True)
    buyer_id: UUID = Field(sa_column_args=[ForeignKey("buyer.buyer_id")])
    version: int = 1
    reference: str = Field(sa_type=Text)
    created_at: datetime


class ContractReach(Table, table=True):
    """An organisation that a contract is confirmed to reach."""

    contract_id: UUID = Field(
        primary_key=True,
        sa_column_args=[ForeignKey("contract.contract_id", ondelete="cascade")],
    )
    organisation_id: UUID = Field(primary_key=True)
