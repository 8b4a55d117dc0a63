"""What a machine may match, and what it leaves to a person (protection D6)."""

from uuid import UUID

import pytest

from tocsin_cases.registry.matching import Candidate, Claim, Match, match

HERON, SWAN = UUID(int=1), UUID(int=2)
OS_ID, OTHER_OS_ID = "VN2021113R7R87P", "VN2021113R7R88Q"

heron = Candidate(HERON, OS_ID, "silver heron assembly", "VN")
namesake = Candidate(SWAN, OTHER_OS_ID, "silver heron assembly", "VN")


@pytest.mark.parametrize(
    ("claim", "candidates", "expected", "facilities"),
    [
        # An OS ID that agrees on country and name is the only match a machine makes.
        (Claim(OS_ID, "silver heron assembly", "VN"), [heron], Match.MATCHED, (HERON,)),
        (Claim(OS_ID, "silver heron assembly", "VN"), [namesake, heron], Match.MATCHED, (HERON,)),
        # An OS ID that does not fully agree is for a person to look at.
        (Claim(OS_ID, "golden swan", "VN"), [heron], Match.PROPOSED, (HERON,)),
        (Claim(OS_ID, "silver heron assembly", "TH"), [heron], Match.PROPOSED, (HERON,)),
        (Claim(OS_ID, "", "VN"), [heron], Match.PROPOSED, (HERON,)),
        (Claim(OS_ID, "silver heron assembly", None), [heron], Match.PROPOSED, (HERON,)),
        # So are a name and a country, however exact; the OS ID's facility comes first.
        (Claim(None, "silver heron assembly", "VN"), [heron], Match.PROPOSED, (HERON,)),
        (Claim(None, heron.name, "VN"), [heron, namesake], Match.PROPOSED, (HERON, SWAN)),
        (Claim(OTHER_OS_ID, "silver heron", "VN"), [heron, namesake], Match.PROPOSED, (SWAN,)),
        # And what is not there is not guessed.
        (Claim(None, "silver heron assembly", "TH"), [], Match.UNMATCHED, ()),
        (Claim(OS_ID, "silver heron assembly", "VN"), [], Match.UNMATCHED, ()),
        (Claim(None, "", None), [], Match.UNMATCHED, ()),
    ],
)  # fmt: skip
def test_a_machine_matches_only_what_fully_agrees(
    claim: Claim, candidates: list[Candidate], expected: Match, facilities: tuple[UUID, ...]
) -> None:
    verdict = match(claim, candidates)

    assert (verdict.match, verdict.facility_ids) == (expected, facilities)
