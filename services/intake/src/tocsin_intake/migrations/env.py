"""How Alembic runs intake's migrations."""

from tocsin_common.migrations import run
from tocsin_common.models import Table
from tocsin_intake import models
from tocsin_intake.attachments import models as attachments
from tocsin_intake.dialogue import models as dialogue
from tocsin_intake.disclosures import models as disclosures
from tocsin_intake.erasure import models as erasure
from tocsin_intake.media import models as media
from tocsin_intake.notices import models as notices
from tocsin_intake.vault import models as vault
from tocsin_intake.worker_page import models as worker_page

_ = (
    models,
    attachments,
    dialogue,
    disclosures,
    erasure,
    media,
    notices,
    vault,
    worker_page,
)  # the tables they declare

run(Table.metadata)
