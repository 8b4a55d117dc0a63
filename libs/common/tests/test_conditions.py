"""Nothing is overwritten unseen."""

import pytest

from tocsin_common.conditions import (
    ChangedSince,
    IfMatchMissing,
    etag,
    require_match,
)


@pytest.mark.parametrize("if_match", ['"3"', "*", '"2", "3"', ' "3" '])
def test_who_knows_the_state_may_change_it(if_match: str) -> None:
    require_match(if_match, etag(3))


@pytest.mark.parametrize("if_match", ['"2"', 'W/"3"', "3", "", '"33"'])
def test_who_knows_another_state_may_not(if_match: str) -> None:
    with pytest.raises(ChangedSince):
        require_match(if_match, etag(3))


def test_a_change_says_what_it_changes() -> None:
    with pytest.raises(IfMatchMissing):
        require_match(None, etag(3))
