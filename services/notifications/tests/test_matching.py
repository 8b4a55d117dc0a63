"""Which subscriptions an alert may meet."""

from itertools import product
from uuid import uuid4

import pytest
from builders import a_facility, an_alert, an_organisation, an_unverified_alert

from tocsin_contracts.alerts import AlertState
from tocsin_notifications.alerts.matching import Wish, seen, terms_of_alert, terms_of_subscription

MAKER, BRAND, OTHER = an_organisation(), an_organisation(), an_organisation()
ORGANISATIONS = {
    "any": [],
    "the maker": [MAKER.organisation_id],
    "the brand or another": [BRAND.organisation_id, OTHER.organisation_id],
    "another": [OTHER.organisation_id],
}
COUNTRIES = {"any": [], "here": ["VN"], "here or there": ["TH", "VN"], "there": ["TH"]}
GROUPS = {"any": [], "this": ["wages"], "this or that": ["hours", "wages"], "that": ["hours"]}
MISSES = {"another", "there", "that"}


@pytest.mark.parametrize(("who", "where", "what"), [*product(ORGANISATIONS, COUNTRIES, GROUPS)])
def test_a_subscription_that_matches_is_always_found(who: str, where: str, what: str) -> None:
    """Terms may find too much (the conditions are looked at again) and never too little."""
    alert = seen(an_alert(organisations=(MAKER, BRAND)))

    terms = terms_of_subscription(
        Wish(
            organisations=ORGANISATIONS[who], countries=COUNTRIES[where], issue_groups=GROUPS[what]
        )
    )
    found = not terms.isdisjoint(terms_of_alert(alert))

    if not MISSES & {who, where, what}:
        assert found
    if who == "another" or (who == "any" and MISSES & {where, what}):
        assert not found


def test_alerts_that_differ_only_in_what_their_level_hides_are_seen_alike() -> None:
    alert = an_unverified_alert()
    other = alert.model_copy(update={"facility": a_facility(), "issues": ("wages.unpaid",)})

    assert seen(alert) == seen(other)


def test_a_correction_and_an_end_reach_everybody_who_was_told() -> None:
    reached = {
        state: (seen(an_alert(state=state)).reaches_all_told, seen(an_alert(state=state)).ended)
        for state in AlertState
    }

    assert reached == {
        AlertState.ACTIVE: (False, False),
        AlertState.CORRECTED: (True, False),
        AlertState.ENDED: (True, True),
    }


def test_a_subscription_with_many_conditions_has_few_terms() -> None:
    organisations = [uuid4() for _ in range(1000)]

    by_organisation = Wish(
        organisations=organisations, countries=["VN"] * 9, issue_groups=["wages"] * 9
    )
    by_pair = Wish(countries=["VN", "TH"], issue_groups=["wages", "hours", "safety"])
    assert len(terms_of_subscription(by_organisation)) == 1000
    assert len(terms_of_subscription(by_pair)) == 6


def test_a_subscription_to_facilities_is_found_by_them_alone_and_only_where_one_is_shown() -> None:
    facility = a_facility()
    wish = Wish(facilities=[facility.facility_id], countries=["VN"], issue_groups=["wages"])
    terms = terms_of_subscription(wish)

    assert len(terms) == 1
    assert not terms.isdisjoint(terms_of_alert(seen(an_alert(facility=facility))))
    assert terms.isdisjoint(terms_of_alert(seen(an_unverified_alert(facility=facility))))
