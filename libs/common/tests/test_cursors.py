"""Cursors are opaque, and open only where they were made."""

import string

import pytest

from tocsin_common.cursors import BadCursor, Cursors

KEY = bytes(range(32))
PLACE = ["2031-03-04T12:00:00+00:00", "6f0d4a3e-6e0e-4c55-9a53-0d8f0f4f2c11"]


def test_a_cursor_leads_back_to_its_place() -> None:
    cursors = Cursors(KEY)

    assert cursors.unseal(cursors.seal(PLACE, about="a list"), about="a list") == PLACE


def test_a_cursor_shows_nothing_and_never_repeats() -> None:
    cursors = Cursors(KEY)

    one, other = (cursors.seal(PLACE, about="a list") for _ in range(2))

    assert one != other
    assert len(one) == len(other)
    assert set(one) <= set(string.ascii_letters + string.digits + "-_")


def test_a_cursor_of_another_list_is_refused() -> None:
    cursors = Cursors(KEY)

    with pytest.raises(BadCursor):
        cursors.unseal(cursors.seal(PLACE, about="one buyer's"), about="another buyer's")


def test_a_cursor_under_another_key_is_refused() -> None:
    with pytest.raises(BadCursor):
        Cursors(bytes(32)).unseal(Cursors(KEY).seal(PLACE, about="a list"), about="a list")


def test_a_cursor_changed_in_any_character_is_refused() -> None:
    cursors = Cursors(KEY)
    cursor = cursors.seal(PLACE, about="a list")

    for at, letter in enumerate(cursor):
        for other in "AQgw_":
            if other == letter:
                continue
            with pytest.raises(BadCursor):
                cursors.unseal(cursor[:at] + other + cursor[at + 1 :], about="a list")


@pytest.mark.parametrize(
    "cursor", ["", "A", "====", "not a cursor", "é", "\x00", "\ud800", "A" * 4000]
)
def test_what_is_no_cursor_at_all_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        Cursors(KEY).unseal(cursor, about="a list")


@pytest.mark.parametrize("changed", ["{}=", "{}\n", " {}", "{}!", "{}AA"])
def test_a_cursor_with_something_around_it_is_refused(changed: str) -> None:
    cursors = Cursors(KEY)

    with pytest.raises(BadCursor):
        cursors.unseal(changed.format(cursors.seal(PLACE, about="a list")), about="a list")


def test_a_cursor_outlives_the_key_it_was_made_under_while_that_is_known() -> None:
    new_key = bytes(reversed(KEY))
    before, after = Cursors(KEY), Cursors(new_key, KEY)

    assert after.unseal(before.seal(PLACE, about="a list"), about="a list") == PLACE
    assert Cursors(new_key).unseal(after.seal(PLACE, about="a list"), about="a list") == PLACE
