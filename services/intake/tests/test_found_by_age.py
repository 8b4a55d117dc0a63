"""What is too old is found among many complaints without reading the others."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.signatures import Signer
from tocsin_common.testing.http import Client
from tocsin_common.testing.reading import rows_read
from tocsin_intake.erasure import service
from tocsin_intake.erasure.service import Eraser

MANY = 5_000
FEW = 20
_COMPLAINTS = text("""
insert into complaint (id, integration_id, received_at, facts, body_hash, receipt_hash, status)
select gen_random_uuid(), integration.id, now() - interval '100 days' * number / :many,
    '{"issues": ["wages.unpaid"]}', '', sha256(convert_to(name || number, 'UTF8')), 'received'
from integration cross join generate_series(1, :many) as number
""")


@pytest.mark.parametrize(("kept", "found"), [(365, 0), (None, FEW)])
async def test_what_an_integration_keeps_no_longer_is_found_among_all_it_keeps(
    intake: Client,
    operator: dict[str, str],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    kept: int | None,
    found: int,
) -> None:
    monkeypatch.setattr(service, "AT_ONCE", FEW)
    for name, days in (("Long line", 365), ("Short line", kept or 30)):
        new = {"name": name, "retention_days": days}
        answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)
        assert answer.status == 201, answer
    async with database.begin() as tx:
        await tx.execute(_COMPLAINTS, {"many": MANY})
        await tx.execute(text("analyze complaint"))
    eraser = Eraser(Signer(bytes(32)), 30)

    async with database.begin() as tx, rows_read(tx) as read:
        assert await service.erase_expired(tx, eraser, datetime.now(UTC), 365) == found
    async with database.begin() as tx, rows_read(tx) as all_read:
        await tx.execute(text("select max(status) from complaint"))

    assert all_read["complaint"] >= MANY, "the control: what is read is counted"
    assert read["complaint"] <= 5 * FEW
