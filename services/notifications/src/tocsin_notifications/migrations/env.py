"""How Alembic runs notifications' migrations."""

from tocsin_common.migrations import run
from tocsin_common.models import Table
from tocsin_notifications import models
from tocsin_notifications.acknowledgements import models as acknowledgements
from tocsin_notifications.subscriptions import models as subscriptions

_ = models, acknowledgements, subscriptions  # the tables they declare

run(Table.metadata)
