"""Spellings of one name are one text; different names stay different."""

import pytest

from tocsin_cases.registry import names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Silver Heron Co., Ltd.", "SILVER HERON CO LTD"),
        ("Silver Heron Assembly\nLimited", " silver  heron assembly limited "),
        ("Ｓｉｌｖｅｒ　Ｈｅｒｏｎ", "Silver Heron"),
        ("Straße & Söhne", "STRASSE - SO\u0308HNE"),
        ("銀鷺電子（蘇州）有限公司", "銀鷺電子(蘇州)有限公司"),
        ("Silver\u00adHe\u200bron", "SilverHeron"),
        ("Silver-Heron's", "silver heron s"),
    ],
)
def test_spellings_of_one_name_are_one_text(one: str, other: str) -> None:
    assert names.plain(one) == names.plain(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Silver Heron 1", "Silver Heron 2"),
        ("Silver Heron", "SilverHeron"),
        ("銀鷺電子", "金鷺電子"),
        ("นกกระสา", "นกกระสน"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert names.plain(one) != names.plain(other)


def test_marks_of_other_scripts_are_kept() -> None:
    assert names.plain("โรงงานนกกระสา") == "โรงงานนกกระสา"


@pytest.mark.parametrize("name", ["", " \n", "***", "\u200b"])
def test_a_name_without_letters_and_figures_is_empty(name: str) -> None:
    assert names.plain(name) == ""


def test_a_name_is_shown_on_one_line() -> None:
    assert names.tidy(" Silver\nHeron   Assembly ") == "Silver Heron Assembly"
