"""Alembic's entry: this service's tables."""

from tocsin_buyer_portal_api.alerts import models as alerts
from tocsin_buyer_portal_api.buyers import models as buyers
from tocsin_buyer_portal_api.contracts import models as contracts
from tocsin_buyer_portal_api.suppliers import models as suppliers
from tocsin_common.migrations import run
from tocsin_common.models import Table

_ = alerts, buyers, contracts, suppliers
run(Table.metadata)
