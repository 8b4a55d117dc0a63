"""Which alerts a buyer may see (protection L4, L6), as conditions on the rows read.

They hold at the moment of reading: reach and undertaking are never copied to alerts.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlmodel import col

from tocsin_buyer_portal_api.alerts.models import Alert, AlertOrganisation, AlertVersion
from tocsin_buyer_portal_api.buyers.models import Buyer, Reach
from tocsin_contracts.alerts import Level

CONFIRMED = (Level.BUYERS_CONFIRMED, Level.PUBLIC)


def visible_to(buyer_id: UUID, of: type[Alert | AlertVersion]) -> ColumnElement[bool]:
    """It names an organisation the buyer's contracts reach, at a level the buyer may see."""
    reached = (
        exists()
        .where(col(AlertOrganisation.alert_id) == col(of.alert_id))
        .where(col(AlertOrganisation.version) == col(of.version))
        .where(col(AlertOrganisation.organisation_id) == col(Reach.organisation_id))
        .where(col(Reach.buyer_id) == buyer_id)
    )
    return and_(reached, level_open_to(buyer_id, of))


def level_open_to(buyer_id: UUID, of: type[Alert | AlertVersion]) -> ColumnElement[bool]:
    """It is confirmed, or the buyer signed to keep what is unverified confidential."""
    signed = select(col(Buyer.undertaking_signed)).where(col(Buyer.buyer_id) == buyer_id)
    return or_(
        col(of.level).in_(CONFIRMED),
        and_(col(of.level) == Level.BUYERS_UNVERIFIED, signed.scalar_subquery()),
    )
