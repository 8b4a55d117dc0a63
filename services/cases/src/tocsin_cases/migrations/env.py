"""How Alembic runs the migrations of cases."""

from tocsin_cases import models
from tocsin_common.migrations import run
from tocsin_common.models import Table

_ = models  # the tables it declares

run(Table.metadata)
