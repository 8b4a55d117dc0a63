"""Opens what intake sealed to cases: facility text and source tag, nothing else."""

from pydantic import ValidationError

from tocsin_common.errors import RuleBroken
from tocsin_common.sealing import Box, Unreadable
from tocsin_contracts.events.complaints import Reported


class SealedPartUnreadable(RuleBroken):
    """It was not sealed by intake to cases, or it is not what intake seals."""


def opened(box: Box, sealed: bytes) -> Reported:
    """Read a complaint's sealed part.

    Raises:
        SealedPartUnreadable: it does not open, or says something else.
    """
    try:
        return Reported.model_validate_json(box.unseal(sealed))
    except (Unreadable, ValidationError):
        raise SealedPartUnreadable from None
