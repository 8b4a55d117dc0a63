"""Ids sort or say nothing, and an identifier with a slip of the pen is refused."""

import time
from string import ascii_uppercase, digits
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tocsin_contracts.ids import (
    CROCKFORD,
    Country,
    IssueCode,
    Language,
    Lei,
    OsId,
    new_amber_id,
    new_green_id,
)

OS_IDS = ("BD2021113R7R87P", "CN2021250D1DTN7")
LEIS = ("529900T8BM49AURSDO55", "HWUPKR0MPOU8FGXBT394", "5493001KJTIIGC8Y1R12")

os_id = TypeAdapter[str](OsId)
lei = TypeAdapter[str](Lei)


@pytest.mark.parametrize("value", OS_IDS)
def test_an_os_id_is_known(value: str) -> None:
    assert os_id.validate_python(value) == value


def test_an_os_id_is_read_as_people_write_it() -> None:
    assert os_id.validate_python("bd-2021113-r7r87p") == "BD2021113R7R87P"
    assert os_id.validate_python("BD 2021113 R7R87P") == "BD2021113R7R87P"


@pytest.mark.parametrize(
    "value",
    [
        "IN2019067X1K87E",  # well formed, but its check digit is wrong
        "BD2021113R7R87",
        "BD2021113R7R87PP",
        "B12021113R7R87P",
        "BD202111AR7R87P",
        "BD2021113U7R87P",  # U is not a Crockford digit
        "BD٢٠٢١١١٣R7R87P",
        "",
    ],
)
def test_what_is_no_os_id_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="not an OS ID"):
        os_id.validate_python(value)


@given(st.sampled_from(OS_IDS), st.integers(0, 14), st.data())
def test_an_os_id_with_one_changed_character_is_refused(
    value: str, place: int, data: st.DataObject
) -> None:
    others = [one for one in (ascii_uppercase if place < 2 else CROCKFORD) if one != value[place]]
    changed = value[:place] + data.draw(st.sampled_from(others)) + value[place + 1 :]

    with pytest.raises(ValidationError):
        os_id.validate_python(changed)


@pytest.mark.parametrize("value", LEIS)
def test_an_lei_is_known(value: str) -> None:
    assert lei.validate_python(value) == value


def test_an_lei_is_read_as_people_write_it() -> None:
    assert lei.validate_python("5299 00t8 bm49 aurs do55") == "529900T8BM49AURSDO55"


@pytest.mark.parametrize(
    "value", ["529900T8BM49AURSDO5", "529900T8BM49AURSDO555", "529900T8BM49AURSDO5X", "", "Ä" * 20]
)
def test_what_is_no_lei_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="not an LEI"):
        lei.validate_python(value)


@given(st.sampled_from(LEIS), st.integers(0, 19), st.data())
def test_an_lei_with_one_changed_character_is_refused(
    value: str, place: int, data: st.DataObject
) -> None:
    kin = digits if value[place].isdigit() else ascii_uppercase
    others = [one for one in kin if one != value[place]]
    changed = value[:place] + data.draw(st.sampled_from(others)) + value[place + 1 :]

    with pytest.raises(ValidationError, match="check digits are wrong"):
        lei.validate_python(changed)


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refused:
        os_id.validate_python("a worker's words")

    assert "words" not in str(refused.value.errors(include_input=False))


@given(st.integers(0, 2**48 - 2), st.data())
def test_amber_ids_sort_by_time(earlier: int, data: st.DataObject) -> None:
    later = data.draw(st.integers(earlier + 1, 2**48 - 1))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: later * 1_000_000)
        second = new_amber_id()
        patch.setattr(time, "time_ns", lambda: earlier * 1_000_000)
        first = new_amber_id()

    assert first < second
    assert str(first) < str(second)


def test_an_amber_id_is_a_uuid_of_version_7_made_now() -> None:
    before = time.time_ns() // 1_000_000
    made = new_amber_id()
    after = time.time_ns() // 1_000_000

    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_amber_ids_of_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)

    assert len({new_amber_id() for _ in range(1_000)}) == 1_000


def test_a_green_id_is_a_uuid_of_version_4() -> None:
    made = new_green_id()

    assert (made.version, made.variant) == (4, RFC_4122)
    assert made != new_green_id()


@pytest.mark.parametrize("value", ["wages.unpaid", "forced_labour.retention_of_documents"])
def test_an_issue_code_is_a_group_and_a_name(value: str) -> None:
    assert TypeAdapter[str](IssueCode).validate_python(value) == value


@pytest.mark.parametrize("value", ["wages", "Wages.unpaid", "wages.un paid", "w.x", "a.b.c", ""])
def test_what_is_no_issue_code_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[str](IssueCode).validate_python(value)


def test_countries_and_languages_are_told_by_their_codes() -> None:
    assert TypeAdapter[str](Country).validate_python("TH") == "TH"
    assert TypeAdapter[str](Language).validate_python("zh-Hans-CN") == "zh-Hans-CN"
    for refused in ("th", "THA", "Thailand"):
        with pytest.raises(ValidationError):
            TypeAdapter[str](Country).validate_python(refused)
    for refused in ("t", "zh_CN", "the language of Thailand"):
        with pytest.raises(ValidationError):
            TypeAdapter[str](Language).validate_python(refused)
