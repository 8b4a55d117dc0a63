"""How Alembic runs notifications' migrations."""

from tocsin_common.migrations import run
from tocsin_common.models import Table
from tocsin_notifications import models

_ = models  # the tables it declares

run(Table.metadata)
