"""Who guesses receipts is slowed, and nobody else; what consent may be changed by whom."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_common.testing import eventually
from tocsin_contracts.events.complaints import Consent, SupplierContact
from tocsin_intake.dialogue import guesses
from tocsin_intake.dialogue.consent import Agreement
from tocsin_intake.dialogue.guesses import FORGOTTEN, FREE, LONGEST, SOURCES, Guesses, Slower

agreements = st.builds(
    Agreement, st.sampled_from(Consent), st.sampled_from(SupplierContact), st.booleans()
)


def wait_of(known: Guesses, address: str, now: float) -> int:
    try:
        known.check(address, now)
    except Slower as slower:
        return int(slower.headers["Retry-After"])
    return 0


def test_each_wrong_number_makes_its_source_wait_longer_up_to_a_minute() -> None:
    known, waits = Guesses(), list[int]()
    for number in range(FREE + 8):
        known.missed("192.0.2.1", float(number))
        waits.append(wait_of(known, "192.0.2.1", float(number)))

    assert waits[: FREE - 1] == [0] * (FREE - 1)
    assert waits[FREE - 1 :] == sorted(waits[FREE - 1 :])
    assert max(waits) <= LONGEST + 1
    assert wait_of(known, "192.0.2.2", FREE + 8.0) == 0


def test_a_source_is_forgotten_within_an_hour() -> None:
    known = Guesses()
    for second in range(30):
        known.missed("192.0.2.1", float(second))

    assert wait_of(known, "192.0.2.1", FORGOTTEN) == 0


async def test_many_tries_at_once_are_no_more_than_a_few() -> None:
    known, tried = Guesses(), list[int]()

    async def guess(number: int) -> None:
        async with known.turn("192.0.2.1"):
            tried.append(number)
            await asyncio.sleep(0)
            known.missed("192.0.2.1", time.monotonic())

    ended = await asyncio.gather(*map(guess, range(500)), return_exceptions=True)

    assert len(tried) <= guesses.AT_ONCE + FREE
    assert {type(one) for one in ended} == {type(None), Slower}
    async with known.turn("192.0.2.2"):
        tried.append(-1)
    assert tried[-1] == -1, "it is slowed for nobody else"


def test_all_addresses_of_one_household_are_one_source() -> None:
    known = Guesses()
    for number in range(20):
        known.missed(f"2001:db8:0:1::{number:x}", 0.0)

    assert wait_of(known, "2001:db8:0:1:ffff::1", 1.0) > 0
    assert wait_of(known, "2001:db8:0:2::1", 1.0) == 0


def test_a_crowd_of_sources_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "SOURCES", 50)
    known = Guesses()
    for number in range(500):
        known.missed(f"a source {number}", 0.0)

    assert SOURCES == 10_000
    remembered = [n for n in range(500) if _again(known, n)]
    assert len(remembered) <= 50


def _again(known: Guesses, number: int) -> bool:
    """Whether a source's first wrong number is still remembered."""
    name = f"a source {number}"
    for _ in range(FREE - 1):
        known.missed(name, 0.0)
    return wait_of(known, name, 0.0) > 0


@given(agreements, agreements)
def test_of_two_changes_there_and_back_one_widens_unless_nothing_changes(
    one: Agreement, other: Agreement
) -> None:
    assert not one.widens(one)
    if one != other:
        assert one.widens(other) or other.widens(one)


@given(agreements)
def test_nothing_is_wider_than_everything(one: Agreement) -> None:
    everything = Agreement(Consent.GIVEN, SupplierContact.ABOUT_COMPLAINT, contact_me=True)
    nothing = Agreement(Consent.REFUSED, SupplierContact.NEVER, contact_me=False)

    assert not one.widens(everything)
    assert not nothing.widens(one)


async def test_a_source_is_forgotten_within_an_hour_also_when_nobody_comes_any_more() -> None:
    known = Guesses()
    known.missed("192.0.2.1", 0.0)
    assert known.forget(FORGOTTEN - 1) == 1
    assert FORGOTTEN + guesses.LOOK <= 3600

    looked: list[float] = []

    def clock() -> float:
        looked.append(FORGOTTEN)
        return FORGOTTEN

    async with known.running(every=0.001, clock=clock):
        await eventually(lambda: looked)

    assert known.forget(0.0) == 0
