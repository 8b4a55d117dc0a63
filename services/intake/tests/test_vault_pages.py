"""What does not fit in one answer comes in several, on the terms of one opening."""

from typing import Any

import pytest
from asking import Desk
from builders import a_complaint
from test_vault_question import desk, refused

from tocsin_common.testing.http import Client
from tocsin_contracts.vault import MOST_WORDS, Opened, Refusal

Header = dict[str, str]
_ = desk  # a fixture
LONGEST = "\u0e2b" * 20_000
COUNT = 20


async def a_long_dialogue(intake: Client, hotline: Header) -> str:
    """A complaint and messages that no answer of 1 MB could hold."""
    said: Any = a_complaint(external_ref="long", words=LONGEST)
    complaint_id = (await intake.post("/v1/complaints", json=said, headers=hotline)).json()
    for number in range(COUNT):
        more = {"external_ref": "long", "words": f"{number}{LONGEST}"[:20_000]}
        answer = await intake.post("/v1/complaints/messages", json=more, headers=hotline)
        assert answer.status == 201, answer
    return complaint_id["complaint_id"]


@pytest.mark.timeout(240)
async def test_all_messages_come_in_order_and_once_though_one_answer_cannot_hold_them(
    desk: Desk, intake: Client, hotline: Header
) -> None:
    complaint_id = await a_long_dialogue(intake, hotline)
    token = await desk.token(complaint_id)
    begun = await desk.ask(complaint_id, messages_from=1, token=token)
    assert refused(begun) is Refusal.TOKEN_REFUSED, "nothing was opened yet"

    first = await desk.ask(complaint_id, token=token)
    assert isinstance(first, Opened)
    assert first.words == LONGEST
    assert 0 < first.left < COUNT
    messages, left = list(first.messages), first.left
    while left:
        further = await desk.ask(complaint_id, token=token, messages_from=len(messages))
        assert isinstance(further, Opened)
        assert (further.words, further.attachments) == ("", ())
        assert len(further.model_dump_json().encode()) < MOST_WORDS + 1000
        messages, left = [*messages, *further.messages], further.left

    assert [one.words[:2].rstrip(LONGEST[0]) for one in messages] == [str(n) for n in range(COUNT)]
    listed = (await intake.get("/v1/openings", headers=hotline)).json()["data"]
    assert len(listed) == 1, "one opening, however many answers"


async def test_what_is_left_is_only_for_who_opened_it(
    desk: Desk, intake: Client, hotline: Header
) -> None:
    said: Any = a_complaint(external_ref="short")
    created = await intake.post("/v1/complaints", json=said, headers=hotline)
    complaint_id = created.json()["complaint_id"]
    token, other = await desk.token(complaint_id), await desk.another()
    assert isinstance(await desk.ask(complaint_id, token=token), Opened)

    for asking in (
        other.ask(complaint_id, token=await other.token(complaint_id), messages_from=1),
        desk.ask(complaint_id, token=await desk.token(complaint_id), messages_from=1),
        desk.ask(complaint_id, token=token),
    ):
        assert refused(await asking) in (Refusal.TOKEN_REFUSED, Refusal.ALREADY_ASKED)

    beyond = await desk.ask(complaint_id, token=token, messages_from=5)
    assert isinstance(beyond, Opened)
    assert (beyond.messages, beyond.left) == ((), 0)
