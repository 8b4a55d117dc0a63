"""One person is one source, however a system writes their number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_intake.acceptance.sources import plain


@pytest.mark.parametrize(
    "written",
    [
        *("+84 912 345 678", "84912345678", "0084 912 345 678", "0912345678", "912345678"),
        *("(0912) 345-678", "0912\u2011345\u2011678", "\u202a+84\u00a0912\u00a0345\u00a0678\u202c"),
        "٠٩١٢٣٤٥٦٧٨",
    ],
)
def test_a_number_is_one_source_in_every_way_it_is_written(written: str) -> None:
    assert plain("phone", written) == plain("phone", "+84912345678")


@given(st.text("0123456789", min_size=8, max_size=8), st.text("0123456789", min_size=8, max_size=8))
def test_two_numbers_are_two_sources(one: str, other: str) -> None:
    assert (plain("phone", f"+84 9{one}") == plain("phone", f"09{other}")) == (one == other)


def test_what_is_no_number_is_told_apart_by_all_of_it() -> None:
    assert plain("phone", "hidden") != plain("phone", "12345")
    assert plain("telegram", "123456789") != plain("telegram", "923456789")
    assert plain("email", "Worker@mail.example") == plain("email", "worker@mail.example")
