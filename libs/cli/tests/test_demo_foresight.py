"""What the demo foresees, by its own small reading of the rules."""

from typing import Any

import pytest

from tocsin_cli.demo import foresight
from tocsin_cli.demo.foresight import Claim, Facility, chosen, may_tell
from tocsin_cli.demo.ledger import Foreseen, Subject

ROW = dict[str, Any]

HERON: ROW = {
    "name": "Silver Heron Assembly, Plant 2",
    "country": "VN",
    "os_id": "VN2026000RJ7N9X",
    "organisations": [{"name": "Silver Heron", "role": "operator"}],
}
SUNBIRDS: list[ROW] = [
    {"name": "Sunbird Wire", "country": "ID", "address": f"Jalan {number}", "organisations": []}
    for number in (3, 90)
]
AN_ACCOUNT = {"kind": "account", "handle": "3"}
FOR_MANY = {"genuine": True, "members": "10-99"}
FOR_FEW = {"genuine": True, "members": "1-9"}
ABOUT_HERON = Subject(frozenset({"Silver Heron"}), "VN", "wages")


def a_complaint(handle: str, share: str = "not_asked", **changes: Any) -> dict[str, Any]:
    return {
        "facility": {"name": "silver heron assembly – plant 2", "country": "VN"},
        "issues": ["wages.unpaid"],
        "source": {"kind": "phone", "handle": handle},
        "consent": {"share": share},
        "attestation": {"genuine": True},
    } | changes


def a_buyer(**changes: Any) -> dict[str, Any]:
    return {
        "name": "city",
        "undertaking_signed": True,
        "reach": ["Silver Heron"],
        "endpoints": [{"name": "register", "subscriptions": [{"issue_groups": ["wages"]}]}],
    } | changes


@pytest.mark.parametrize(
    ("told", "complaints"),
    [
        (True, [a_complaint("1"), a_complaint("2"), a_complaint("3")]),
        (False, [a_complaint("1"), a_complaint("2")]),
        (False, [a_complaint("1"), a_complaint("1"), a_complaint("1")]),
        (False, [a_complaint(str(n), attestation={"genuine": False}) for n in range(5)]),
        (False, [a_complaint(str(n), "refused") for n in range(5)]),
        (True, [a_complaint("1", "given")]),
        (True, [a_complaint("1", "given"), a_complaint("2", "refused")]),
        (False, [a_complaint("1", "given", source=None)]),
        (False, [a_complaint("1"), a_complaint("2"), a_complaint("", source=AN_ACCOUNT)]),
        (True, [a_complaint("1", relation="representative", attestation=FOR_MANY)]),
        (False, [a_complaint("1", relation="representative", attestation=FOR_FEW)]),
    ],
)
def test_buyers_hear_of_a_case_when(told: bool, complaints: list[dict[str, Any]]) -> None:
    assert may_tell(complaints) is told


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        (Claim(None, "SILVER HERON  assembly (plant 2)", None, "VN"), True),
        (Claim("VN2026000RJ7N9X", "Silver Heron Assembly, Plant 2", None, "VN"), True),
        (Claim("VN2026000RJ7N9X", None, None, "VN"), False),
        (Claim("VN2026000RJ7N9X", "Old Reed Warehouse", None, "VN"), False),
        (Claim(None, "Silver Heron Assembly, Plant 2", None, "TH"), False),
        (Claim(None, "Sunbird Wire", None, "ID"), False),
        (Claim(None, "Sunbird Wire", "Jalan 90", "ID"), True),
    ],
)
def test_an_officer_chooses_a_facility_only_if_it_is_surely_meant(
    claim: Claim, found: bool
) -> None:
    proposed = [Facility.of(row) for row in (HERON, *SUNBIRDS)]

    assert (chosen(claim, proposed) is not None) is found


def test_an_alert_is_told_where_reach_undertaking_and_subscription_meet() -> None:
    complaints = [a_complaint("1", "given")]
    buyers = [
        a_buyer(),
        a_buyer(name="unsigned", undertaking_signed=False),
        a_buyer(name="elsewhere", reach=["Blue Mangrove"]),
        a_buyer(name="quiet", endpoints=[{"name": "q", "subscriptions": [{"countries": ["TH"]}]}]),
    ]

    found = foresight.expected(1, complaints, [HERON], buyers)

    assert dict(found.alerts) == {Foreseen(ABOUT_HERON): 1}
    assert dict(found.deliveries) == {("register", Foreseen(ABOUT_HERON)): 1}
    assert set(found.visible) == {("city", Foreseen(ABOUT_HERON)), ("quiet", Foreseen(ABOUT_HERON))}


def test_the_end_of_an_alert_is_told_to_whoever_was_told_of_it() -> None:
    before = foresight.expected(1, [a_complaint("1", "given")], [HERON], [a_buyer()])

    after = foresight.with_the_end_of(ABOUT_HERON, before)

    assert dict(after.deliveries) == {
        ("register", Foreseen(ABOUT_HERON)): 1,
        ("register", Foreseen(ABOUT_HERON, 2)): 1,
    }
    assert after.alerts.total() == after.visible.total() == 2
