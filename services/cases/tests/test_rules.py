"""Who may be told: protection D1 and D2, word by word."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_cases.disclosure.rules import (
    Contribution,
    K,
    complete_since,
    may_tell,
    meets_k,
    sources,
)
from tocsin_contracts.alerts import Level
from tocsin_contracts.events.complaints import Consent, Headcount, Relation

GIVEN, NOT_ASKED, REFUSED = Consent.GIVEN, Consent.NOT_ASKED, Consent.REFUSED
SLOT = datetime(2026, 3, 3, 12, tzinfo=UTC)
TOLD, SILENT = Level.BUYERS_UNVERIFIED, Level.INTERNAL


def phone(number: int, share: Consent = GIVEN, *, genuine: bool = True) -> Contribution:
    return Contribution(share, genuine, SLOT, b"phone", number.to_bytes(2, "big"))


def account(number: int, share: Consent = GIVEN) -> Contribution:
    return Contribution(share, True, SLOT, b"account", number.to_bytes(2, "big"))


def nameless(share: Consent = GIVEN) -> Contribution:
    return Contribution(share, True, SLOT)


def speaker(members: Headcount, share: Consent = NOT_ASKED) -> Contribution:
    return Contribution(share, True, SLOT, relation=Relation.REPRESENTATIVE, members=members)


contributions = st.builds(
    Contribution,
    share=st.sampled_from(Consent),
    genuine=st.booleans(),
    slot=st.integers(0, 40).map(lambda slots: SLOT + timedelta(days=slots)),
    kind=st.sampled_from([None, b"phone", b"account"]),
    source=st.sampled_from([None, b"1", b"2", b"3", b"4"]),
    relation=st.sampled_from(Relation),
    members=st.sampled_from(Headcount),
)
many = st.lists(contributions, max_size=12)


@pytest.mark.parametrize(
    ("heard", "level"),
    [
        ([], SILENT),
        # Consent of one who can be counted is enough for the coarse level.
        ([phone(1)], TOLD),
        ([phone(1, NOT_ASKED)], SILENT),
        ([phone(1, REFUSED)], SILENT),
        # Who was not asked counts towards k, and does nothing else.
        ([phone(1, NOT_ASKED), phone(2, NOT_ASKED)], SILENT),
        ([phone(1, NOT_ASKED), phone(2, NOT_ASKED), phone(3, NOT_ASKED)], TOLD),
        ([phone(1), phone(2, NOT_ASKED)], TOLD),
        # Who refused contributes nothing, and stops nobody.
        ([phone(1, NOT_ASKED), phone(2, NOT_ASKED), phone(3, REFUSED)], SILENT),
        ([phone(1), phone(2, REFUSED), phone(3, REFUSED)], TOLD),
        # One handle is one source, however often it complains.
        ([phone(1, NOT_ASKED)] * 5, SILENT),
        # Kinds are never added up: two phones and two accounts may be two people.
        ([handle(n, NOT_ASKED) for handle in (phone, account) for n in (1, 2)], SILENT),
        ([handle(n, NOT_ASKED) for handle in (phone, account) for n in (1, 2, 3)], TOLD),
        # Without a handle and an attested reference nobody is counted.
        ([nameless()], SILENT),
        ([nameless(NOT_ASKED)] * 9, SILENT),
        # Nobody counts before their genuineness is recorded.
        ([phone(1, genuine=False)], SILENT),
        ([phone(1, NOT_ASKED), phone(2, NOT_ASKED), phone(3, NOT_ASKED, genuine=False)], SILENT),
        # A representative's attested ten members meet k, fewer do not.
        ([speaker(Headcount.TENS)], TOLD),
        ([speaker(Headcount.THOUSANDS)], TOLD),
        ([speaker(Headcount.UNDER_10)], SILENT),
        ([speaker(Headcount.NOT_STATED)], SILENT),
        ([speaker(Headcount.TENS, REFUSED)], SILENT),
        ([Contribution(NOT_ASKED, True, SLOT, members=Headcount.TENS)], SILENT),
    ],
)  # fmt: skip
def test_the_rule_says_who_is_told(heard: list[Contribution], level: Level) -> None:
    assert may_tell(heard) is level


def test_every_mix_of_three_sources_is_decided_by_consent_and_number() -> None:
    for shares in product(Consent, repeat=3):
        heard = [phone(number, share) for number, share in enumerate(shares)]

        willing = [share for share in shares if share is not REFUSED]

        assert (may_tell(heard) is TOLD) == (GIVEN in shares or len(willing) >= K)


@given(many, contributions)
def test_a_refused_complaint_changes_nothing(
    heard: list[Contribution], another: Contribution
) -> None:
    refused = Contribution(
        REFUSED, another.genuine, another.slot, another.kind, another.source,
        another.relation, another.members,
    )  # fmt: skip

    assert may_tell([*heard, refused]) is may_tell(heard)
    assert complete_since([*heard, refused]) == complete_since(heard)


@given(many, contributions)
def test_below_k_a_complaint_whose_source_was_not_asked_changes_nothing(
    heard: list[Contribution], another: Contribution
) -> None:
    unasked = Contribution(NOT_ASKED, True, another.slot, another.kind, another.source)
    counted = [one for one in [*heard, unasked] if one.counts]

    if not meets_k(counted):
        assert may_tell([*heard, unasked]) is may_tell(heard)
        assert complete_since([*heard, unasked]) == complete_since(heard)


@given(many, many)
def test_fakes_that_nobody_has_checked_change_nothing(
    heard: list[Contribution], fakes: list[Contribution]
) -> None:
    unchecked = [
        Contribution(one.share, False, one.slot, one.kind, one.source, one.relation, one.members)
        for one in fakes
    ]

    assert may_tell([*heard, *unchecked]) is may_tell(heard)
    assert complete_since([*heard, *unchecked]) == complete_since(heard)


@given(st.lists(st.sampled_from(Consent), max_size=12))
def test_one_person_with_a_phone_and_an_account_is_one_source(shares: list[Consent]) -> None:
    heard = [one for share in shares for one in (phone(1, share), account(1, share))]

    assert sources(heard) <= 1
    assert (may_tell(heard) is TOLD) == (GIVEN in shares)


@given(many, many)
def test_more_contributions_never_allow_less(
    heard: list[Contribution], more: list[Contribution]
) -> None:
    assert not (may_tell(heard) is TOLD and may_tell([*heard, *more]) is SILENT)


@given(many)
def test_it_is_complete_since_the_first_slot_before_which_enough_had_come(
    heard: list[Contribution],
) -> None:
    newest = complete_since(heard)

    slots = sorted({one.slot for one in heard})
    enough = [s for s in slots if may_tell(one for one in heard if one.slot <= s) is TOLD]
    assert newest == (enough[0] if enough else None)


@given(many, many)
def test_what_comes_later_puts_nothing_off(
    heard: list[Contribution], later: list[Contribution]
) -> None:
    newest = complete_since(heard)
    if newest is not None:
        after = [
            Contribution(one.share, one.genuine, newest + timedelta(days=90), one.kind, one.source)
            for one in later
        ]
        assert complete_since([*heard, *after]) == newest
