"""What is erased is gone: from every table, from the files, and after a restore."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from builders import a_complaint
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey
from nats.aio.client import Client as Nats
from sqlalchemy import text
from test_way_back import a_receipt, own_number, told_of, use

from tocsin_common.database import Database
from tocsin_common.models import Table
from tocsin_common.sealing import unseal_with
from tocsin_common.signatures import ForgedStatement, Signer, Verifier
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.complaints import Erased
from tocsin_intake.app import create_app
from tocsin_intake.erasure import ledger
from tocsin_intake.erasure.certificates import Certificate, Reason, certify
from tocsin_intake.erasure.keeper import Keeper
from tocsin_intake.erasure.service import Eraser
from tocsin_intake.settings import Settings
from tocsin_intake.vault import LocalKeys

Header = dict[str, str]


async def rows(database: Database, query: str, **values: Any) -> list[Any]:
    async with database.begin() as tx:
        return list((await tx.execute(text(query), values)).all())


async def everywhere(database: Database, needle: bytes) -> list[str]:
    """The tables in which some bytes stand, in any column."""
    found: list[str] = []
    for (table,) in await rows(
        database, "select tablename from pg_tables where schemaname = 'public'"
    ):
        query = f'select count(*) from "{table}" t where position(:hex in t::text) > 0'  # noqa: S608
        if (await rows(database, query, hex=needle.hex()))[0][0]:
            found.append(table)
    return found


async def erase(intake: Client, operator: Header, complaint_id: str) -> Any:
    body = {"complaint_id": complaint_id, "reason": "asked_by_hotline"}
    return await intake.post("/v1/admin/erasures", json=body, headers=operator)


async def test_a_worker_erases_everything_and_is_given_a_certificate(
    intake: Client, hotline: Header, database: Database, told: Any
) -> None:
    receipt, complaint_id = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)
    await use(intake, "messages", **own, words="They keep our passports.")
    stored = await rows(database, "select wrapped, words from data_key, vault_entry")
    [(sealed,)] = await rows(database, "select sealed from message")
    [(wrapped, words)] = stored

    shared = await use(intake, "erase", receipt)
    assert not shared["done"]
    gone = await use(intake, "erase", **own)

    assert (gone["done"], gone["status"], gone["messages_there"]) == (True, "erased", 0)
    certificate = Certificate.model_validate_json(gone["certificate"])
    assert str(certificate.complaint_id) == complaint_id
    assert certificate.backups_expire_on == date.today() + timedelta(days=31)  # noqa: DTZ011
    for needle in (wrapped, words, sealed):
        assert await everywhere(database, needle) == []
    assert await rows(database, "select id from complaint") == []
    for number in ({"receipt": receipt}, own):
        assert not (await use(intake, "open", **number))["known"]

    async def erased() -> Any:
        return await told_of(told, Erased)

    [event] = await eventually(erased)
    assert str(event.complaint_id) == complaint_id


async def test_a_certificate_is_shown_with_the_key_that_signed_it_after_that_was_replaced(
    settings: Settings, intake: Client, hotline: Header, operator: Header
) -> None:
    _, complaint_id = await a_receipt(intake, hotline)
    done = (await erase(intake, operator, complaint_id)).json()
    before = (base64.b64decode(done["public_key"]),)
    replaced = settings.model_copy(
        update={"certificate_key": bytes(32), "certificate_public_keys_before": before}
    )

    async with serving(create_app(settings=replaced)) as client:
        shown = await client.get(f"/v1/admin/erasures/{complaint_id}", headers=operator)

    assert shown.json() == done


async def test_a_certificate_verifies_and_a_changed_one_does_not(
    intake: Client, hotline: Header, operator: Header
) -> None:
    _, complaint_id = await a_receipt(intake, hotline)

    done = (await erase(intake, operator, complaint_id)).json()

    again = await intake.get(f"/v1/admin/erasures/{complaint_id}", headers=operator)
    assert again.json() == done
    verifier = Verifier({"k": base64.b64decode(done["public_key"])})
    signature = base64.b64decode(done["signature"])
    verifier.verify(done["certificate"], signature, "k")
    changed = done["certificate"].replace("asked_by_hotline", "retention")
    assert changed != done["certificate"]
    with pytest.raises(ForgedStatement):
        verifier.verify(changed, signature, "k")
    assert (await erase(intake, operator, complaint_id)).status == 404


async def test_what_was_erased_does_not_come_back_by_being_sent_again(
    intake: Client, hotline: Header, operator: Header, database: Database
) -> None:
    _, complaint_id = await a_receipt(intake, hotline)
    await erase(intake, operator, complaint_id)

    again = await intake.post("/v1/complaints", json=a_complaint(), headers=hotline)

    assert again.json() == {
        "complaint_id": complaint_id,
        "status": "already_received",
        "receipt": None,
    }
    assert await rows(database, "select id from complaint") == []


async def test_numbers_survive_without_the_person(
    intake: Client, hotline: Header, operator: Header, database: Database
) -> None:
    for number in range(2):
        _, complaint_id = await a_receipt(intake, hotline, external_ref=f"GULL-{number}")
        await erase(intake, operator, complaint_id)

    assert await rows(database, "select issue_group, complaints from erased_count") == [
        ("wages", 2)
    ]


async def test_after_a_rewrite_keys_and_ciphertext_are_in_no_file_of_the_database(
    intake: Client, hotline: Header, operator: Header, database: Database, servers: Servers
) -> None:
    receipt, complaint_id = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)
    await use(intake, "messages", **own, words="They keep our passports.")
    _, other_id = await a_receipt(intake, hotline, external_ref="STAYS-1")
    find = (
        "select k.wrapped, v.words from data_key k join vault_entry v using (complaint_id)"
        " where complaint_id = :id"
    )
    [(key, words)] = await rows(database, find, id=UUID(complaint_id))
    [(control, _)] = await rows(database, find, id=UUID(other_id))
    [(message,)] = await rows(database, "select sealed from message")
    needles = [key, words[:200], message]
    assert await in_files(servers, [*needles, control]) == [True, True, True, True]
    await erase(intake, operator, complaint_id)

    done = await intake.post("/v1/admin/erasures/scrub", headers=operator)

    assert done.json() == {"rewritten": True, "log_replaced": True}
    assert await in_files(servers, [*needles, control]) == [False, False, False, True]
    again = await intake.post("/v1/admin/erasures/scrub", headers=operator)
    assert again.json() == {"rewritten": False, "log_replaced": False}


async def in_files(servers: Servers, needles: list[bytes]) -> list[bool]:
    """Whether each stands in any file of intake's database or of PostgreSQL's log."""
    admin, name = servers.postgres.admin_url, "tocsin_intake"
    connection = await asyncpg.connect(admin)
    try:
        await connection.execute("checkpoint")
        oid = await connection.fetchval("select oid from pg_database where datname = $1", name)
        assert oid
        files = await connection.fetch(
            "select $1 || pg_ls_dir($1) as path union all"
            " select 'pg_wal/' || name from pg_ls_waldir()",
            f"base/{oid}/",
        )
        found = [False] * len(needles)
        for row in files:
            path = row["path"]
            data = await connection.fetchval(
                "select pg_read_binary_file($1, 0, 1 << 28, true)", path
            )
            found = [
                known or (data is not None and needle in data)
                for known, needle in zip(found, needles, strict=True)
            ]
        return found
    finally:
        await connection.close()


async def test_a_restored_backup_is_erased_again_by_the_ledger_before_anything_else(
    settings: Settings, database: Database, streams: Nats, operator: Header, tmp_path: Path
) -> None:
    file = tmp_path / "erasures"
    remembering = settings.model_copy(update={"erasure_ledger": file})
    async with serving(create_app(settings=remembering)) as intake:
        new = await intake.post("/v1/admin/integrations", json={"name": "L"}, headers=operator)
        key = intake.with_key(new.json()["key"])
        _, complaint_id = await a_receipt(intake, key)
        _, kept_id = await a_receipt(intake, key, external_ref="STAYS-1")
        backup = await a_backup(database)
        assert (await erase(intake, operator, complaint_id)).status == 201
    await restore(database, backup)
    assert len(await rows(database, "select id from complaint")) == 2

    async with serving(create_app(settings=remembering)):

        async def closed() -> bool:
            left = await rows(database, "select complaint_id from data_key")
            return left == [(UUID(kept_id),)]

        await eventually(closed)

    assert await rows(database, "select complaint_id, reason from erasure") == [
        (UUID(complaint_id), "replayed")
    ]
    assert await rows(database, "select id from complaint") == [(UUID(kept_id),)]


TO_RESTORE = ("integration", "integration_key", "complaint", "data_key", "vault_entry", "erasure")


async def a_backup(database: Database) -> dict[str, Any]:
    return {
        table: await rows(database, f"select jsonb_agg(to_jsonb(t)) from {table} t")  # noqa: S608
        for table in TO_RESTORE
    }


async def restore(database: Database, backup: dict[str, Any]) -> None:
    async with database.begin() as tx:
        names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
        await tx.execute(text(f"truncate {names}"))
        for table, [(data,)] in backup.items():
            if data:
                await tx.execute(
                    text(
                        f"insert into {table} select * from"  # noqa: S608
                        f" jsonb_populate_recordset(null::{table}, cast(:data as jsonb))"
                    ),
                    {"data": json.dumps(data)},
                )


async def test_a_ledger_kept_elsewhere_is_replayed_by_the_operator(
    intake: Client, hotline: Header, operator: Header, database: Database
) -> None:
    _, complaint_id = await a_receipt(intake, hotline)
    body = {"complaint_ids": [complaint_id, str(uuid4())]}

    answers = [
        await intake.post("/v1/admin/erasures/replay", json=body, headers=operator)
        for _ in range(2)
    ]

    assert [one.json() for one in answers] == [{"erased_again": 1}, {"erased_again": 0}]
    listed = (await intake.get("/v1/admin/erasures", headers=operator)).json()["data"]
    assert [(one["complaint_id"], one["reason"]) for one in listed] == [(complaint_id, "replayed")]


async def test_what_is_older_than_its_integration_keeps_is_erased_some_at_a_time(
    intake: Client, operator: Header, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin_intake.erasure.service.AT_ONCE", 2)
    kept: list[str] = []
    for name, days in (("Short", 30), ("Long", None)):
        new = {"name": name} | ({"retention_days": days} if days else {})
        answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)
        key = intake.with_key(answer.json()["key"])
        for number in range(5):
            _, complaint_id = await a_receipt(intake, key, external_ref=f"{name}-{number}")
            if days is None:
                kept.append(complaint_id)
    await rows(
        database,
        "update complaint set received_at = received_at - interval '31 days' returning id",
    )
    keeper = Keeper(database, Eraser(Signer(bytes(32)), 30), retention_days=365)

    assert await keeper.erase_what_is_too_old() == 5

    left = await rows(database, "select id from complaint order by id")
    assert [str(one) for (one,) in left] == kept
    assert await rows(database, "select distinct reason from erasure") == [("retention",)]


async def test_a_contact_sealed_to_the_hotlines_own_key_is_closed_to_everybody_else(
    intake: Client, operator: Header, database: Database, settings: Settings
) -> None:
    own = PrivateKey.generate()
    new = {"name": "L", "contact_key": base64.b64encode(bytes(own.public_key)).decode()}
    answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)
    key = intake.with_key(answer.json()["key"])
    said = {"contact": "call 0990 417 720", "consent": {"share": "given", "contact_me": True}}

    _, complaint_id = await a_receipt(intake, key, **said)

    [(wrapped, contact)] = await rows(
        database, "select wrapped, contact from data_key join vault_entry using (complaint_id)"
    )
    keys = LocalKeys(settings.vault_key)
    from tocsin_intake.vault import Compartment

    data_key = keys.unwrap(wrapped, about=UUID(complaint_id).bytes)
    inside = Compartment(UUID(complaint_id), data_key).open(b"contact-for-hotline", contact)
    assert "0990" not in inside
    assert unseal_with(bytes(own), bytes.fromhex(inside)) == b"call 0990 417 720"
    wrong = {"name": "L", "contact_key": "AAAA"}
    refused = await intake.post("/v1/admin/integrations", json=wrong, headers=operator)
    assert refused.status == 422


def test_processes_that_share_a_folder_have_a_file_each_and_read_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {f"intake-{number}": uuid4() for number in range(3)}
    (tmp_path / "lost+found").mkdir()
    for host, one in ids.items():
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        ledger.append(tmp_path, [one])

    assert {one for batch in ledger.batches(tmp_path) for one in batch} == set(ids.values())
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} == set(ids)


@given(st.lists(st.uuids(), max_size=30), st.binary(max_size=60))
def test_a_ledger_reads_back_what_was_written_even_after_a_torn_line(
    tmp_path_factory: pytest.TempPathFactory, ids: list[UUID], torn: bytes
) -> None:
    file = tmp_path_factory.mktemp("ledger") / "erasures"
    ledger.append(file, ids)
    with file.open("ab") as opened:
        opened.write(torn.replace(b"\n", b"") + b"\n")
    ledger.append(file, ids)

    read = [one for batch in ledger.batches(file) for one in batch]

    assert [one for one in read if one in ids] == [*ids, *ids]


@given(st.sampled_from(Reason), st.integers(0, 30))
def test_a_certificate_names_days_after_the_last_backup_and_event(
    reason: Reason, days: int
) -> None:
    now = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    certificate = certify(uuid4(), reason, now, days)

    assert certificate.backups_expire_on > now.date() + timedelta(days=days)
    assert certificate.streams_expire_on == date(2026, 4, 7)
