"""Anybody may read what a complaint can be about, in a language of theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_common.testing.http import Client
from tocsin_contracts.taxonomy import shipped
from tocsin_intake.taxonomy import best


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("th", "th"),
        ("zh-Hant-TW", "zh"),
        ("de, vi;q=0.3, id;q=0.7", "id"),
        ("VI-vn", "vi"),
        ("es;q=0, *;q=0.1", "en"),
        ("de", "en"),
        (";;;,q=,th;q=many", "en"),
    ],
)
async def test_labels_come_in_the_language_that_is_liked_most(
    intake: Client, accepted: str, language: str
) -> None:
    answer = await intake.get("/v1/taxonomy", headers={"Accept-Language": accepted})

    told = answer.json()
    assert answer.status == 200
    assert answer.headers["Content-Language"] == told["language"] == language
    assert [one["code"] for one in told["codes"]] == [one.code for one in shipped().codes]
    [unpaid] = [one for one in told["codes"] if one["code"] == "wages.unpaid"]
    assert unpaid["label"] == shipped().issue("wages.unpaid").labels[language]
    assert unpaid["ilo_conventions"] == ["C95"]


async def test_a_taxonomy_one_has_already_is_not_sent_again(intake: Client) -> None:
    first = await intake.get("/v1/taxonomy", headers={"Accept-Language": "th"})
    tag = first.headers["ETag"]

    again = await intake.get(
        "/v1/taxonomy", headers={"Accept-Language": "th", "If-None-Match": tag}
    )
    other = await intake.get(
        "/v1/taxonomy", headers={"Accept-Language": "vi", "If-None-Match": tag}
    )

    assert (again.status, again.text) == (304, "")
    assert other.status == 200


@given(st.text(max_size=60))
def test_whatever_is_accepted_some_language_is_chosen(accepted: str) -> None:
    assert best(shipped().languages, accepted) in shipped().languages
