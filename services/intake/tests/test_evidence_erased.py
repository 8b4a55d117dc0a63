"""An erasure takes a complaint's evidence with it: keys at once, bytes with the next drop."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from test_way_back import a_receipt

from tocsin_common.database import Database
from tocsin_common.testing.http import Client

Header = dict[str, str]


async def test_an_erasure_destroys_the_keys_of_attachments_and_lets_their_bytes_go(
    intake: Client, hotline: Header, operator: Header, database: Database
) -> None:
    _, complaint_id = await a_receipt(intake, hotline)
    attachment_id = uuid4()
    known = {"id": attachment_id, "complaint": UUID(complaint_id), "now": datetime.now(UTC)}
    async with database.begin() as tx:
        await tx.execute(
            text("insert into data_key (complaint_id, wrapped) values (:id, 'a wrapped key')"),
            known,
        )
        await tx.execute(
            text(
                "insert into attachment (id, integration_id, complaint_id, media_type, size,"
                " digest, stored, created_at) select :id, integration_id, id, 'image/jpeg', 1,"
                " '', true, :now from complaint where id = :complaint"
            ),
            known,
        )

    body: dict[str, Any] = {"complaint_id": complaint_id, "reason": "asked_by_worker"}
    done = await intake.post("/v1/admin/erasures", json=body, headers=operator)

    assert done.status == 201
    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from data_key"))).scalar_one() == 0
        query = "select complaint_id, expires_at <= now() from attachment"
        assert (await tx.execute(text(query))).all() == [(None, True)]
