"""Files that come after their complaint, with an edit or as posts of an album, belong to it."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from typing import Any

import media as files
import pytest
import pytest_asyncio
from nats.aio.client import Client as Nats
from standins import TOKEN, StandIn, giving_out
from systems import SECRET_TOKEN, a_call, a_submission, register
from test_changes import Scene, a_kobo_edit

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings

ALBUM = "13791234567890123"
CAPTION = "CANARY: the dormitory."
ANSWER = {"telegram": {"secret_token": SECRET_TOKEN, "answer": "Keep this: {receipt}"}}


@pytest_asyncio.fixture(loop_scope="session")
async def scene(
    settings: Settings, database: Database, streams: Nats, operator: dict[str, str]
) -> AsyncGenerator[Scene]:
    app = create_app(settings=settings.model_copy(update={"outbound_plain_http": True}))
    async with serving(app) as client:
        yield Scene(client, app.state.vault, database, operator)


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncGenerator[StandIn]:
    async with giving_out(files.jpeg()) as one:
        yield one


async def count(scene: Scene, table: str) -> int:
    [row] = await scene.rows(f"select count(*) as n from {table}")  # noqa: S608 - ours
    return row["n"]


def attached(*addresses: str) -> list[dict[str, str]]:
    return [{"download_url": one, "mimetype": "image/jpeg"} for one in addresses]


async def test_an_edits_new_file_is_fetched_and_the_one_it_repeats_is_not_fetched_again(
    scene: Scene, system: StandIn
) -> None:
    access = {"kobo": {"server_url": system.origin, "api_token": TOKEN}}
    line = await register(scene.client, scene.operator, "kobo", **access)
    first, second = (f"{system.origin}/tokened.jpg?{number}" for number in (1, 2))

    async def evidence(number: int) -> bool:
        return await count(scene, "attachment where complaint_id is not null") == number

    await line.send(a_submission(_attachments=attached(first)))
    await eventually(lambda: evidence(1), within=60)
    for own in ("u2", "u2", "u3"):
        edit = a_kobo_edit(own, "Look.", _attachments=attached(first, second, second))
        await line.send(edit)
    await eventually(lambda: evidence(2), within=60)

    assert await count(scene, "sent_along") == 0
    assert len(system.seen) == 2
    assert await count(scene, "complaint") == 1


async def test_edits_bring_no_more_files_than_officers_are_shown_and_the_rest_is_told(
    scene: Scene,
) -> None:
    line = await register(scene.client, scene.operator, "kobo")
    await line.send(a_submission())

    for edit in range(5):
        more = attached(*(f"https://a.example/{edit}/{number}" for number in range(30)))
        await line.send(a_kobo_edit(f"u{edit}", "Look.", _attachments=more))

    assert await count(scene, "sent_along") == 100
    told = [one.splitlines()[-1] for one in await scene.messages()]
    assert told[3:] == ["[20 more files than are kept]", "[30 more files than are kept]"]


async def test_a_recording_that_is_ready_after_what_was_said_is_fetched_and_adds_no_words(
    scene: Scene,
) -> None:
    line = await register(scene.client, scene.operator, "twilio")
    await line.send(a_call(SpeechResult="Locked doors."))

    ready = {"RecordingStatus": "completed", "RecordingUrl": "https://a.example/1"}
    for _ in range(2):
        await line.send(a_call(RecordingSid="RE1", **ready))

    assert await scene.complaints() == ["Locked doors."]
    assert await scene.messages() == []
    assert await count(scene, "sent_along") == 1


def a_post(number: int, caption: str | None = None, **changes: Any) -> dict[str, Any]:
    """One photo of an album."""
    said = {"caption": caption} if caption else {}
    return {
        "update_id": 900000000 + number,
        "message": {
            "message_id": number,
            "media_group_id": ALBUM,
            "from": {"id": 777, "is_bot": False, "first_name": "Somchai"},
            "chat": {"id": 777, "type": "private"},
            "date": 1930000000,
            "photo": [{"file_id": f"small{number}"}, {"file_id": f"large{number}"}],
        }
        | said
        | changes,
    }


POSTS = [a_post(1, CAPTION), a_post(2), a_post(3)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_an_album_is_one_complaint_in_whatever_order_its_posts_come_and_come_again(
    scene: Scene, order: tuple[int, ...]
) -> None:
    line = await register(scene.client, scene.operator, "telegram", **ANSWER)

    posts = [POSTS[one] for one in order]
    answers = [(await line.send(one)).json() for one in [*posts, *posts]]

    said = [*await scene.complaints(), *await scene.messages()]
    assert said == ([CAPTION] if order[0] == 0 else ["[Telegram: image]", CAPTION])
    assert await count(scene, "complaint") == 1
    assert await count(scene, "sent_along") == 3
    first, *others = answers[:3]
    assert "sendMessage" in first.values()
    assert others == [{}, {}], "one album, one receipt"
    assert await scene.quarantined() == []


async def test_an_albums_posts_at_the_same_moment_are_one_complaint_with_all_files(
    scene: Scene,
) -> None:
    line = await register(scene.client, scene.operator, "telegram")
    posts = [a_post(1, CAPTION), *(a_post(number) for number in range(2, 11))]

    answers = await asyncio.gather(*(line.send(one) for one in posts * 3))

    assert {one.status for one in answers} == {200}
    assert [*await scene.complaints(), *await scene.messages()].count(CAPTION) == 1
    assert await count(scene, "complaint") == 1
    assert await count(scene, "sent_along") == 10


@pytest.mark.parametrize("of", [1, 2])
async def test_another_caption_for_a_post_of_an_album_follows_its_complaint(
    scene: Scene, of: int
) -> None:
    line = await register(scene.client, scene.operator, "telegram")
    for one in POSTS:
        await line.send(one)
    post = a_post(of, "Corrected.", edit_date=1930000100)["message"]

    await line.send({"update_id": 900000050, "edited_message": post})

    assert await scene.complaints() == [CAPTION]
    assert await scene.messages() == ["Corrected."]
    assert await count(scene, "sent_along") == 3


async def test_two_albums_and_the_same_number_in_another_chat_are_complaints_of_their_own(
    scene: Scene,
) -> None:
    line = await register(scene.client, scene.operator, "telegram")
    elsewhere = {"id": 778, "type": "private"}

    await line.send(a_post(1))
    await line.send(a_post(2, media_group_id="2"))
    await line.send(a_post(3, chat=elsewhere))

    assert await count(scene, "complaint") == 3
