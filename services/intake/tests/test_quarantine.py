"""What no adapter knows: listed by metadata, replayed by newer settings, dropped, gone in time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from systems import (
    SYSTEMS,
    Line,
    a_message,
    a_submission,
    an_update,
    register,
    standard_webhook,
)

from tocsin_common.database import Database
from tocsin_common.signatures import Signer
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_intake.erasure.keeper import Keeper
from tocsin_intake.erasure.service import Eraser
from tocsin_intake.quarantine import service
from tocsin_intake.settings import Settings

Header = dict[str, str]
PATH = "/v1/admin/quarantine"


async def listed(intake: Client, operator: Header, **params: str) -> list[Any]:
    return (await intake.get(PATH, params=params, headers=operator)).json()["data"]


async def count(database: Database, table: str) -> int | None:
    async with database.begin() as tx:
        return (await tx.execute(text(f"select count(*) from {table}"))).scalar()  # noqa: S608


async def map_words(intake: Client, operator: Header, line: Line, expression: str) -> None:
    ours = SYSTEMS["generic"]["generic"] | {"mapping": {"words": expression}}
    place = f"/v1/admin/integrations/{line.integration_id}"
    changed = await intake.request(
        "PUT", f"{place}/system", json={"generic": ours}, headers=operator | {"If-Match": "*"}
    )
    assert changed.status == 200

    async def is_known() -> bool:
        tried = await intake.post(f"{place}/try", json={"said": "x"}, headers=operator)
        return bool(tried.json()["complaints"])

    await eventually(is_known, within=15)


async def test_it_is_seen_by_metadata_and_never_by_what_it_says(
    intake: Client, operator: Header
) -> None:
    line = await register(intake, operator, "generic")
    other = await register(intake, operator, "generic")
    await line.send({"said": "CANARY"})
    await other.send({"said": "CANARY too"})

    answer = await intake.get(PATH, headers=operator)

    assert "CANARY" not in answer.text
    assert len(answer.json()["data"]) == 2
    [mine] = await listed(intake, operator, integration_id=line.integration_id)
    assert (mine["adapter"], mine["reason"]) == ("generic", "nothing_said")
    assert mine["size"] > 10
    assert set(mine) == {
        "quarantined_id",
        "integration_id",
        "adapter",
        "received_at",
        "size",
        "reason",
    }


async def test_a_mapping_put_right_lets_it_in_by_the_door_it_came_to(
    intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, "generic")
    await line.send({"said": "No water."})
    [kept] = await listed(intake, operator)
    place = f"{PATH}/{kept['quarantined_id']}"

    still = (await intake.post(f"{place}/replay", headers=operator)).json()
    await map_words(intake, operator, line, "said")
    done = (await intake.post(f"{place}/replay", headers=operator)).json()

    assert still == {"outcome": "still_unknown", "complaint_ids": [], "reason": "nothing_said"}
    assert done["outcome"] == "accepted"
    assert len(done["complaint_ids"]) == 1
    assert await count(database, "complaint") == 1
    assert await listed(intake, operator) == []
    assert await count(database, "data_key") == 1, "the complaint's own; the payload's is gone"
    body = b'{"said": "No water."}'
    await line.send(body, standard_webhook(body))
    assert await count(database, "complaint") == 1, "the sender's repeat is the same complaint"


async def test_one_that_is_given_up_is_gone_with_its_key(
    intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, "generic")
    await line.send({"said": "x"})
    [kept] = await listed(intake, operator)
    place = f"{PATH}/{kept['quarantined_id']}"

    assert (await intake.request("DELETE", place, headers=operator)).status == 204
    assert (await intake.request("DELETE", place, headers=operator)).status == 404
    assert (await intake.post(f"{place}/replay", headers=operator)).status == 404
    assert await count(database, "quarantined") == await count(database, "data_key") == 0


async def test_only_the_operator_comes_near(intake: Client, operator: Header) -> None:
    line = await register(intake, operator, "generic")
    place = f"{PATH}/{uuid4()}"
    key = intake.with_key(line.key)

    assert (await intake.get(PATH, headers=key)).status == 401
    assert (await intake.post(f"{place}/replay", headers=key)).status == 401
    assert (await intake.request("DELETE", place, headers=key)).status == 401


async def test_after_its_time_it_goes_seen_or_not(
    intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, "whatsapp_cloud")
    await line.send(an_update(a_message(type="hologram"), a_message(id="2", type="hologram")))

    async def purge(before: datetime | None = None) -> int:
        async with database.begin() as tx:
            return await service.purge(tx, before)

    assert await purge() == 0
    assert await purge(datetime.now(UTC) + timedelta(seconds=5)) == 2
    assert await count(database, "quarantined") == await count(database, "data_key") == 0


async def test_the_keeper_lets_go_of_what_is_old_here_and_of_old_test_complaints(
    intake: Client, operator: Header, settings: Settings, database: Database
) -> None:
    line = await register(intake, operator, "whatsapp_cloud")
    await line.send(an_update(a_message(type="hologram")))
    kobo = await register(intake, operator, "kobo")
    keys = f"/v1/admin/integrations/{kobo.integration_id}/keys"
    key = (await intake.post(keys, json={"test": True}, headers=operator)).json()["key"]
    await kobo.send(a_submission(), intake.with_key(key))
    eraser = Eraser(Signer(settings.certificate_key), settings.backup_days)
    keeper = Keeper(database, eraser, settings.retention_days)

    await keeper.let_go()
    assert await count(database, "quarantined") == await count(database, "complaint") == 1

    async with database.begin() as tx:
        for table, days in (("quarantined", 31), ("test_complaint", 2)):
            sent_back = f"update {table} set received_at = now() - interval '{days} days'"  # noqa: S608
            await tx.execute(text(sent_back))
    await keeper.let_go()
    for table in ("quarantined", "complaint", "test_complaint", "data_key", "vault_entry"):
        assert await count(database, table) == 0
