"""An officer opens a photo at cases: passed on in parts, stored nowhere; the vault is played."""

from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from stage import Stage
from test_dialogue import PlayedVault, a_taken_complaint, vault

from tocsin_common.sealing import Box
from tocsin_common.testing.http import Client
from tocsin_contracts.vault import PART, Refusal

Header = dict[str, str]
CANARY = b"CANARYheron43"
_ = vault  # a fixture


async def opened(cases: Client, officer: Header, path: str) -> tuple[int, Any, bytes]:
    wish = {"reason": "triage", "token": "tvt_whatever"}
    async with cases.http.post(cases.url + path, json=wish, headers=officer) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_a_photo_is_passed_on_in_parts_on_record_and_stored_nowhere(
    cases: Client, stage: Stage, intake_box: Box, officer: Header, vault: PlayedVault
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    vault.file = CANARY * (2 * PART // len(CANARY) + 1) + b"end"
    attachment_id = uuid4()
    path = f"/v1/complaints/{complaint.complaint_id}/attachments/{attachment_id}/open"

    status, headers, content = await opened(cases, officer, path)

    assert (status, content) == (200, vault.file)
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Cache-Control"] == "no-store"
    assert [one.part for one in vault.asked] == [0, 1, 2]
    assert {one.attachment_id for one in vault.asked} == {attachment_id}
    assert len({one.public_key for one in vault.asked}) == 3, "a key for each question"
    moves = await stage.rows(
        "select subject_id, object_id from audit where move = 'attachment_opened'"
    )
    assert moves == [(complaint.complaint_id, attachment_id)]
    tables = await stage.rows("select tablename from pg_tables where schemaname = 'public'")
    for (table,) in tables:
        query = f'select count(*) from "{table}" as t where t::text like :words'  # noqa: S608
        for form in (CANARY.decode(), CANARY.hex()):
            assert await stage.rows(query, words=f"%{form}%") == [(0,)], table


async def test_only_whose_complaint_it_is_opens_its_photos(
    cases: Client, stage: Stage, intake_box: Box, officer: Header, vault: PlayedVault
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    vault.refusal = Refusal.SECOND_PERSON_NEEDED
    path = f"/v1/complaints/{complaint.complaint_id}/attachments/{uuid4()}/open"

    status, _, said = await opened(cases, officer, path)

    assert status == 403
    assert b"second_person_needed" in said
    strange = f"/v1/complaints/{uuid4()}/attachments/{uuid4()}/open"
    assert (await opened(cases, officer, strange))[0] == 404
    assert (await opened(cases, {}, path))[0] == 401


async def test_a_photo_that_breaks_off_is_not_taken_for_a_whole_one(
    cases: Client, stage: Stage, intake_box: Box, officer: Header, vault: PlayedVault
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    vault.file, vault.refusal_after = bytes(2 * PART), 1
    path = f"/v1/complaints/{complaint.complaint_id}/attachments/{uuid4()}/open"

    with pytest.raises(aiohttp.ClientPayloadError):
        await opened(cases, officer, path)
