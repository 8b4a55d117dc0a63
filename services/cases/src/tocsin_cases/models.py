"""Everything that cases stores, layer by layer."""

from tocsin_cases.casework import models as casework
from tocsin_cases.disclosure import models as disclosure
from tocsin_cases.officers import models as officers
from tocsin_cases.registry import models as registry

__all__ = ["casework", "disclosure", "officers", "registry"]
