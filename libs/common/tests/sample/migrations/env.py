"""How Alembic runs the sample service's migrations."""

from sample import models

from tocsin_common.migrations import run
from tocsin_common.models import Table

_ = models  # the tables it declares

run(Table.metadata)
