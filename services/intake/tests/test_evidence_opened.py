"""An officer opens a photo of a complaint, on the same terms as its words (protection V2)."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import media
import pytest
import pytest_asyncio
from asking import Desk
from nacl.public import PrivateKey
from PIL import Image
from sqlalchemy import text
from test_attachments import an_attachment, report
from test_vault_question import desk, refused

from tocsin_common.database import Database
from tocsin_common.sealing import unseal_with
from tocsin_common.testing.http import Client
from tocsin_contracts.vault import PART, Answered, Opened, OpenedPart, Reason, Refusal
from tocsin_intake.settings import Settings
from tocsin_intake.vault import tokens
from tocsin_intake.vault.tokens import Purpose, Token

Header = dict[str, str]
_ = desk  # a fixture


@pytest_asyncio.fixture(loop_scope="session")
async def photo_id(intake: Client, hotline: Header) -> str:
    return await an_attachment(intake, hotline)


@pytest_asyncio.fixture(loop_scope="session")
async def complaint_id(intake: Client, hotline: Header, photo_id: str) -> str:
    return (await report(intake, hotline, photo_id))[1]["complaint_id"]


async def part(
    desk: Desk, complaint_id: str, attachment_id: str, token: str, number: int = 0, **more: Any
) -> Answered | OpenedPart:
    """Ask for a part; return it, or the refusal."""
    own = PrivateKey.generate()
    answered = await desk.ask(
        complaint_id,
        token=token,
        attachment_id=attachment_id,
        part=number,
        public_key=bytes(own.public_key),
        **more,
    )
    assert isinstance(answered, Answered)
    if answered.sealed is None:
        return answered
    return OpenedPart.model_validate_json(unseal_with(bytes(own), answered.sealed))


async def test_what_a_complaint_has_is_listed_by_kind_and_size(
    desk: Desk, complaint_id: str, photo_id: str
) -> None:
    opened = await desk.ask(complaint_id)

    assert isinstance(opened, Opened)
    [listed] = opened.attachments
    assert (str(listed.attachment_id), listed.media_type) == (photo_id, "image/jpeg")
    assert listed.size > 0
    assert (opened.waiting, opened.missing) == (0, 0)
    assert media.CANARY not in opened.model_dump_json()


async def test_an_officer_sees_a_photo_without_what_it_said_and_the_hotline_sees_who(
    desk: Desk, complaint_id: str, photo_id: str, intake: Client, hotline: Header
) -> None:
    opened = await part(desk, complaint_id, photo_id, await desk.token(complaint_id))

    assert isinstance(opened, OpenedPart)
    assert (opened.media_type, opened.size) == ("image/jpeg", len(opened.content))
    assert media.CANARY.encode() not in opened.content
    [listed] = (await intake.get("/v1/openings", headers=hotline)).json()["data"]
    assert (listed["attachment_id"], listed["officer_id"]) == (photo_id, str(desk.officer_id))


async def test_a_large_photo_comes_in_parts_that_fit_on_the_bus(
    desk: Desk, intake: Client, hotline: Header, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint_id, photo_id = await a_large_photo(intake, hotline, monkeypatch)
    token = await desk.token(complaint_id)
    first = await part(desk, complaint_id, photo_id, token)
    assert isinstance(first, OpenedPart)
    parts = math.ceil(first.size / PART)

    further = [await part(desk, complaint_id, photo_id, token, one) for one in range(1, parts)]

    assert parts > 1
    whole = first.content + b"".join(one.content for one in further if isinstance(one, OpenedPart))
    assert len(whole) == first.size
    assert refused(await part(desk, complaint_id, photo_id, token, parts)) is Refusal.NOT_FOUND
    listed = (await intake.get("/v1/openings", headers=hotline)).json()["data"]
    assert len(listed) == 1, "one opening, however many parts"


def damage(file: Path, place: int) -> None:
    """Turn a bit; turned again, it is as before."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


async def a_large_photo(
    intake: Client, hotline: Header, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """A complaint with a photo of several parts, and that photo."""
    noise = Image.effect_noise((900, 900), 90).convert("RGB")
    monkeypatch.setattr(media, "_pixels", lambda: noise)
    photo_id = await an_attachment(intake, hotline)
    return (await report(intake, hotline, photo_id))[1]["complaint_id"], photo_id


async def test_a_part_costs_no_more_than_itself_what_is_broken_elsewhere_is_not_even_read(
    desk: Desk,
    intake: Client,
    hotline: Header,
    attachments_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaint_id, photo_id = await a_large_photo(intake, hotline, monkeypatch)
    token = await desk.token(complaint_id)
    name = UUID(photo_id).hex
    damage(attachments_folder / name[:2] / name, -1)

    first = await part(desk, complaint_id, photo_id, token)
    assert isinstance(first, OpenedPart)
    assert len(first.content) == PART
    last = math.ceil(first.size / PART) - 1
    assert refused(await part(desk, complaint_id, photo_id, token, last)) is Refusal.NOT_NOW

    damage(attachments_folder / name[:2] / name, -1)  # that is: mend it
    damage(attachments_folder / name[:2] / name, 0)
    assert isinstance(await part(desk, complaint_id, photo_id, token, last), OpenedPart)


async def test_what_was_opened_in_time_goes_on_for_an_hour_on_a_slow_line_and_no_longer(
    desk: Desk,
    intake: Client,
    hotline: Header,
    settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaint_id, photo_id = await a_large_photo(intake, hotline, monkeypatch)
    await part(desk, complaint_id, photo_id, await desk.token(complaint_id))

    async def answered(minutes: int, number: int) -> Any:
        """By a token of so many minutes ago, which is the one on record."""
        token = Token(
            token_id=uuid4(),
            issued_at=datetime.now(UTC) - timedelta(minutes=minutes),
            purpose=Purpose.OPEN,
            officer_id=desk.officer_id,
            complaint_id=UUID(complaint_id),
            reason=Reason.TRIAGE,
        )
        async with database.begin() as tx:
            now_on_record = text("update opening set token_id = :token").bindparams(
                token=token.token_id
            )
            await tx.execute(now_on_record)
        written = tokens.issue(settings.hash_key, token)
        return await part(desk, complaint_id, photo_id, written, number)

    assert isinstance(await answered(55, 1), OpenedPart)
    assert refused(await answered(65, 1)) is Refusal.TOKEN_REFUSED
    assert refused(await answered(6, 0)) is Refusal.TOKEN_REFUSED, "nothing begins so late"


async def test_a_photo_opens_on_the_same_terms_as_words(
    desk: Desk, complaint_id: str, photo_id: str, intake: Client, hotline: Header
) -> None:
    other = await desk.another()
    elsewhere = (await report(intake, hotline, external_ref="R-2"))[1]["complaint_id"]
    token = await desk.token(complaint_id)

    for wrong in (
        part(desk, complaint_id, photo_id, "no token"),
        part(desk, complaint_id, photo_id, await other.token(complaint_id)),
        part(desk, complaint_id, photo_id, token, reason="safety"),
        part(desk, complaint_id, photo_id, token, 1),
    ):
        assert refused(await wrong) is Refusal.TOKEN_REFUSED
    assert isinstance(await part(desk, complaint_id, photo_id, token), OpenedPart)
    again = await part(desk, complaint_id, photo_id, token)
    assert refused(again) is Refusal.ALREADY_ASKED
    words = await desk.ask(complaint_id, token=token)
    assert refused(words) is Refusal.ALREADY_ASKED
    unknown = await part(desk, complaint_id, str(uuid4()), await desk.token(complaint_id))
    assert refused(unknown) is Refusal.NOT_FOUND
    anothers = await part(desk, elsewhere, photo_id, await desk.token(elsewhere))
    assert refused(anothers) is Refusal.NOT_FOUND


async def test_words_that_were_opened_open_no_photo_further_on(
    desk: Desk, complaint_id: str, photo_id: str
) -> None:
    token = await desk.token(complaint_id)
    assert isinstance(await desk.ask(complaint_id, token=token), Opened)

    further = await part(desk, complaint_id, photo_id, token, 1)

    assert refused(further) is Refusal.TOKEN_REFUSED


async def test_the_31st_opening_needs_a_second_person_whatever_is_opened(
    desk: Desk, complaint_id: str, photo_id: str
) -> None:
    for _ in range(30):
        await desk.ask(complaint_id)

    alone = await part(desk, complaint_id, photo_id, await desk.token(complaint_id))
    assert refused(alone) is Refusal.SECOND_PERSON_NEEDED
    second = await (await desk.another()).token(complaint_id, as_second=True)
    token = await desk.token(complaint_id)
    both = await part(desk, complaint_id, photo_id, token, second_token=second)
    assert isinstance(both, OpenedPart)


async def test_an_erased_photo_opens_no_more(
    desk: Desk,
    complaint_id: str,
    photo_id: str,
    intake: Client,
    operator: Header,
) -> None:
    token = await desk.token(complaint_id)
    assert isinstance(await part(desk, complaint_id, photo_id, token), OpenedPart)
    body = {"complaint_id": complaint_id, "reason": "asked_by_worker"}
    await intake.post("/v1/admin/erasures", json=body, headers=operator)

    for number in (0, 1):
        answer = await part(desk, complaint_id, photo_id, await desk.token(complaint_id), number)
        assert refused(answer) in (Refusal.NOT_FOUND, Refusal.TOKEN_REFUSED)
    assert refused(await part(desk, complaint_id, photo_id, token, 0)) is Refusal.ALREADY_ASKED
