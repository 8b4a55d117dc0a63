"""Attachments: cleaned of what they say about themselves, claimed once, and gone for good."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import av
import media
import pytest
import pytest_asyncio
from builders import a_complaint
from media import CANARY
from PIL import Image
from sqlalchemy import text
from test_promises import everything_stored

from tocsin_common.database import Database
from tocsin_common.problems import NotFound
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_intake.attachments import cleaner
from tocsin_intake.attachments.service import Attachments
from tocsin_intake.attachments.store import Store
from tocsin_intake.settings import Settings
from tocsin_intake.vault.keys import LocalKeys

Header = dict[str, str]


@pytest.fixture
def kept(settings: Settings, database: Database) -> Attachments:
    """The attachments that the served application keeps."""
    return Attachments(database, Store(settings), LocalKeys(settings.vault_key))


@pytest_asyncio.fixture(loop_scope="session")
async def other_hotline(intake: Client, operator: Header) -> Header:
    answer = await intake.post("/v1/admin/integrations", json={"name": "Day"}, headers=operator)
    return intake.with_key(answer.json()["key"])


async def upload(intake: Client, hotline: Header, content: Any) -> tuple[int, Any]:
    headers = {**hotline, "Content-Type": f"image/{CANARY}", "X-File-Name": CANARY}
    answer = await intake.post("/v1/attachments", data=content, headers=headers)
    return answer.status, answer.json()


async def an_attachment(intake: Client, hotline: Header) -> str:
    status, kept = await upload(intake, hotline, media.jpeg())
    assert status == 201, kept
    return kept["attachment_id"]


async def report(intake: Client, hotline: Header, *ids: str, **changes: Any) -> tuple[int, Any]:
    complaint = a_complaint(attachments=list(ids), **changes)
    answer = await intake.post("/v1/complaints", json=complaint, headers=hotline)
    return answer.status, answer.json()


def files_in(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


# cleaned


@pytest.mark.parametrize("name", media.SPEAKING)
async def test_nothing_a_file_says_about_itself_is_kept_anywhere(
    intake: Client,
    hotline: Header,
    database: Database,
    attachments_folder: Path,
    kept: Attachments,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    make, media_type = media.SPEAKING[name]
    content = make()
    assert CANARY.encode() in content, "the positive control: it says something"

    status, told = await upload(intake, hotline, content)
    attachment_id = told["attachment_id"]
    _, complaint = await report(intake, hotline, attachment_id)

    assert (status, told["media_type"]) == (201, media_type)
    opened = await kept.open(UUID(complaint["complaint_id"]), UUID(attachment_id))
    assert opened[0] == media_type
    assert CANARY.encode() not in opened[1]
    stored = b"".join(one.read_bytes() for one in files_in(attachments_folder))
    everywhere = await everything_stored(database) + caplog.text + str(told)
    everywhere += str(files_in(attachments_folder))
    assert opened[1][:200] not in stored
    for canary in (CANARY, CANARY.encode().hex()):
        assert canary not in everywhere
        assert canary.encode() not in stored
    still_readable(media_type, opened[1])


def still_readable(media_type: str, content: bytes) -> None:
    if media_type.startswith("image/"):
        with Image.open(BytesIO(content)) as image:
            image.load()
            assert image.size == media.TURNED[::-1], "it stands upright"
            assert not image.getexif()
            assert not {"exif", "xmp", "comment", "icc_profile", "Author"} & image.info.keys()
        return
    with av.open(BytesIO(content), "r") as sound:
        frames = sum(frame.samples for frame in sound.decode(audio=0))
        assert frames >= 20_000
        assert CANARY not in str(sound.metadata) + str(sound.streams.audio[0].metadata)


REFUSED: list[tuple[bytes, int, str]] = [
    (b"%PDF-1.7 " + CANARY.encode(), 415, "attachment_kind_not_taken"),
    (b"\x00\x00\x00\x18ftypheic" + CANARY.encode(), 415, "heic_not_taken"),
    (b"\x00\x00\x00\x1cftypavif" + CANARY.encode(), 415, "attachment_kind_not_taken"),
    (b"", 415, "attachment_kind_not_taken"),
    (b"\xff\xd8\xff" + CANARY.encode() * 100, 422, "attachment_not_readable"),
    (media.jpeg()[:300], 422, "attachment_not_readable"),
    (b"OggS" + CANARY.encode() * 100, 422, "attachment_not_readable"),
    (b"ID3" + CANARY.encode() * 100, 422, "attachment_not_readable"),
    (media.film(), 422, "attachment_not_readable"),
    (media.bomb(), 422, "attachment_not_readable"),
]


async def test_what_cannot_be_made_anew_is_refused_and_nothing_is_kept(
    intake: Client, hotline: Header, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    for content, status, code in REFUSED:
        told = await upload(intake, hotline, content)

        assert (told[0], told[1]["code"]) == (status, code)
        assert CANARY not in str(told) + caplog.text
    assert await rows(database) == 0


async def test_a_file_that_is_too_large_is_refused_while_it_is_read(
    intake: Client, hotline: Header, database: Database
) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        yield media.jpeg()
        for _ in range(17):
            yield bytes(1_000_000)

    assert (await upload(intake, hotline, endless()))[0] == 413
    assert await rows(database) == 0


async def test_while_photos_are_cleaned_complaints_are_accepted(
    intake: Client, hotline: Header, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[subprocess.Popen[bytes]] = []
    start = cleaner.start_process

    async def start_and_hold(kind: Any) -> subprocess.Popen[bytes]:
        held.append(process := await start(kind))
        process.send_signal(signal.SIGSTOP)
        return process

    monkeypatch.setattr(cleaner, "start_process", start_and_hold)
    photos = [media.jpeg() for _ in range(cleaner.AT_ONCE)]
    uploads = [asyncio.create_task(upload(intake, hotline, photo)) for photo in photos]
    await eventually(lambda: len(held) == len(photos))

    accepted = [await report(intake, hotline, external_ref=f"meanwhile {n}") for n in range(5)]
    assert not any(one.done() for one in uploads)
    for process in held:
        process.send_signal(signal.SIGCONT)

    assert {status for status, _ in accepted} == {201}
    assert {status for status, _ in await asyncio.gather(*uploads)} == {201}


# claimed


async def rows(database: Database, where: str = "true") -> int:
    async with database.begin() as tx:
        found = await tx.execute(text(f"select count(*) from attachment where {where}"))  # noqa: S608
        return found.scalar() or 0


async def test_a_voice_note_is_a_complaint_without_words(
    intake: Client, hotline: Header, told: Any
) -> None:
    attachment_id = await an_attachment(intake, hotline)

    alone = {"attachments": [attachment_id]}
    answer = await intake.post("/v1/complaints", json=alone, headers=hotline)

    assert answer.status == 201


async def test_attachments_are_of_one_complaint_however_often_it_is_sent(
    intake: Client, hotline: Header, database: Database
) -> None:
    ids = [await an_attachment(intake, hotline), await an_attachment(intake, hotline)]

    answers = await asyncio.gather(*(report(intake, hotline, *ids) for _ in range(30)))

    assert {status for status, _ in answers} == {201}
    assert len({complaint["complaint_id"] for _, complaint in answers}) == 1
    assert await rows(database, "complaint_id is not null and expires_at is null") == 2


async def test_a_complaint_that_names_what_it_cannot_have_is_refused_whole(
    intake: Client, hotline: Header, other_hotline: Header, database: Database, told: Any
) -> None:
    mine, theirs = (
        await an_attachment(intake, hotline),
        await an_attachment(intake, other_hotline),
    )
    taken = await an_attachment(intake, hotline)
    await report(intake, hotline, taken, external_ref="first")
    for wrong in (theirs, taken, str(uuid4())):
        status, problem = await report(intake, hotline, mine, wrong, external_ref="second")
        assert (status, problem["code"]) == (422, "attachment_unknown")

    assert await rows(database, "complaint_id is not null") == 1
    status, _ = await report(intake, hotline, mine, external_ref="second")
    assert status == 201, "neither the attachment nor the reference was used up"


async def test_of_complaints_at_once_one_gets_the_attachment(
    intake: Client, hotline: Header, database: Database
) -> None:
    wanted = await an_attachment(intake, hotline)

    answers = await asyncio.gather(
        *(report(intake, hotline, wanted, external_ref=f"R{number}") for number in range(20)),
        *(report(intake, hotline, external_ref=f"without {number}") for number in range(20)),
    )

    assert sorted(status for status, _ in answers) == [201] * 21 + [422] * 19
    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from complaint"))).scalar() == 21
        assert (await tx.execute(text("select count(*) from acceptance"))).scalar() == 21


# gone


async def test_erased_attachments_are_gone_with_their_keys_and_bytes(
    intake: Client,
    hotline: Header,
    database: Database,
    attachments_folder: Path,
    kept: Attachments,
) -> None:
    before = set(files_in(attachments_folder))
    ids = [await an_attachment(intake, hotline) for _ in range(2)]
    _, complaint = await report(intake, hotline, *ids)
    complaint_id = UUID(complaint["complaint_id"])
    assert len(set(files_in(attachments_folder)) - before) == 2

    for _ in range(2):  # the second time there is nothing, which is no error
        await kept.destroy([UUID(one) for one in ids])

    assert set(files_in(attachments_folder)) == before
    assert await rows(database) == 0
    async with database.begin() as tx:
        [left] = (await tx.execute(text("select complaint_id from data_key"))).scalars()
    assert left == complaint_id
    with pytest.raises(NotFound):
        await kept.open(complaint_id, UUID(ids[0]))


async def test_what_no_complaint_names_goes_and_what_one_names_stays(
    intake: Client, hotline: Header, database: Database, kept: Attachments
) -> None:
    await an_attachment(intake, hotline)
    named = await an_attachment(intake, hotline)
    await report(intake, hotline, named)
    now = datetime.now(UTC)

    assert await kept.drop_expired(now + timedelta(hours=23)) == 0
    assert await kept.drop_expired(now + timedelta(hours=26)) == 1
    assert await rows(database) == await rows(database, "complaint_id is not null") == 1


async def test_an_expired_attachment_cannot_be_named(
    intake: Client, hotline: Header, database: Database
) -> None:
    attachment_id = await an_attachment(intake, hotline)
    async with database.begin() as tx:
        await tx.execute(text("update attachment set expires_at = now() - interval '1 second'"))

    assert (await report(intake, hotline, attachment_id))[0] == 422
