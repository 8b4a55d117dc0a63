"""A batch: each line alone, in order, as often as one likes, and however long it is."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_intake.batch.service import AT_ONCE

Header = dict[str, str]
NDJSON = {"Content-Type": "application/x-ndjson"}


def a_line(number: int, **changes: Any) -> bytes:
    return json.dumps(a_complaint(external_ref=f"REF-{number}", **changes)).encode() + b"\n"


async def send(intake: Client, hotline: Header, body: Any) -> list[Any]:
    async with intake.http.post(
        "/v1/complaints/batch", data=body, headers={**hotline, **NDJSON}
    ) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "application/x-ndjson"
        return [json.loads(line) async for line in answer.content]


async def stored(database: Database) -> int:
    async with database.begin() as tx:
        return (await tx.execute(text("select count(*) from complaint"))).scalar() or 0


async def test_every_line_gets_its_result_in_order(
    intake: Client, hotline: Header, database: Database
) -> None:
    results = await send(intake, hotline, b"".join(map(a_line, range(500))))

    assert [one["line"] for one in results] == list(range(1, 501))
    assert {one["status"] for one in results} == {201}
    assert len({one["complaint"]["receipt"] for one in results}) == 500
    assert await stored(database) == 500


async def test_a_batch_sent_again_is_the_same_complaints(
    intake: Client, hotline: Header, database: Database
) -> None:
    body = b"".join(map(a_line, range(60)))

    first, both = (
        await send(intake, hotline, body[: len(body) // 2]),
        await send(intake, hotline, body),
    )

    whole = [one for one in first if one["status"] == 201]
    assert both[: len(whole)] == whole
    assert await stored(database) == 60


async def test_a_line_and_a_single_post_mean_the_same(
    intake: Client, hotline: Header, database: Database
) -> None:
    complaint = a_complaint(external_ref=None)
    headers = {**hotline, "Idempotency-Key": "one"}
    alone = (await intake.post("/v1/complaints", json=complaint, headers=headers)).json()

    line = json.dumps(complaint | {"idempotency_key": "one"}).encode()
    [in_a_batch] = await send(intake, hotline, line)

    assert in_a_batch["complaint"]["complaint_id"] == alone["complaint_id"]
    assert await stored(database) == 1


WRONG: list[tuple[bytes, int, str]] = [
    (b"{", 400, "malformed"),
    (b"[1]", 400, "malformed"),
    (b'{"words": "CANARY \\ud800"}', 400, "malformed"),
    (b"\xff\xfe", 400, "malformed"),
    (b'{"words": "CANARY-1"}', 422, "reference_missing"),
    (b'{"external_ref": "r"}', 422, "invalid"),
    (b'{"external_ref": "r", "words": "CANARY", "CANARY": 1}', 422, "invalid"),
    (b'{"external_ref": "r", "words": "CANARY\\u0000"}', 422, "invalid"),
    (b'{"external_ref": "REF-0", "words": "CANARY another"}', 422, "reference_reused"),
    (b'{"words": "' + b"x" * 400_000 + b'"}', 413, "line_too_long"),
]


async def test_a_wrong_line_is_an_error_line_and_nothing_else(
    intake: Client, hotline: Header, database: Database
) -> None:
    body = b"\n".join([a_line(0).strip(), *(line for line, _, _ in WRONG), a_line(1), b"\n"])

    results = await send(intake, hotline, body)

    told = [(one["status"], one["problem"]["code"]) for one in results[1:-1]]
    assert told == [(status, code) for _, status, code in WRONG]
    assert [results[0]["status"], results[-1]["status"]] == [201, 201]
    assert results[7]["problem"]["errors"] == [
        {"pointer": "", "detail": "has a field that is not known here"}
    ]
    assert "CANARY" not in json.dumps(results)
    assert await stored(database) == 2


async def test_a_result_comes_before_the_next_line_is_sent(intake: Client, hotline: Header) -> None:
    more = asyncio.Event()

    async def body() -> AsyncGenerator[bytes]:
        yield a_line(1)
        await more.wait()
        yield a_line(2)

    async with intake.http.post(
        "/v1/complaints/batch", data=body(), headers={**hotline, **NDJSON}
    ) as answer:
        first = json.loads(await answer.content.readline())
        more.set()
        second = json.loads(await answer.content.readline())

    assert (first["line"], second["line"]) == (1, 2)


async def test_what_was_sent_before_the_connection_broke_is_stored(
    intake: Client, hotline: Header, database: Database
) -> None:
    part = a_line(1) + a_line(2) + a_line(3)[:40]
    head = "".join(f"{name}: {value}\r\n" for name, value in {**hotline, **NDJSON}.items())
    request = f"POST /v1/complaints/batch HTTP/1.1\r\nHost: t\r\nContent-Length: 9999\r\n{head}\r\n"

    reader, writer = await asyncio.open_connection("127.0.0.1", int(intake.url.rpartition(":")[2]))
    writer.write(request.encode() + part)
    seen = b""
    while seen.count(b'"status":201') < 2:
        seen += await reader.read(1000)
    writer.close()
    await writer.wait_closed()

    results = await send(intake, hotline, b"".join(map(a_line, range(1, 4))))
    assert {one["status"] for one in results} == {201}
    assert all(one["complaint"]["receipt"].encode() in seen for one in results[:2])
    assert await stored(database) == 3


async def test_however_long_a_batch_is_only_so_many_lines_are_on_their_way(
    intake: Client, hotline: Header, database: Database
) -> None:
    count, on_their_way = 5000, 0

    async def body() -> AsyncGenerator[bytes]:
        for number in range(0, count, 100):
            yield b"".join(map(a_line, range(number, number + 100)))

    results = 0
    async with intake.http.post(
        "/v1/complaints/batch", data=body(), headers={**hotline, **NDJSON}
    ) as answer:
        async for line in answer.content:
            results += 1
            assert b'"status":201' in line
            on_their_way = max(on_their_way, len(asyncio.all_tasks()))

    assert results == await stored(database) == count
    assert on_their_way < AT_ONCE + 100


async def test_when_the_database_goes_a_batch_ends_early_and_can_be_sent_again(
    intake: Client, hotline: Header, database: Database, servers: Servers
) -> None:
    gone = asyncio.Event()
    count = 2000

    async def body() -> AsyncGenerator[bytes]:
        yield b"".join(map(a_line, range(100)))
        await gone.wait()
        for number in range(100, count):
            yield a_line(number)

    results: list[Any] = []
    try:
        async with intake.http.post(
            "/v1/complaints/batch", data=body(), headers={**hotline, **NDJSON}
        ) as answer:
            async for line in answer.content:
                results.append(json.loads(line))
                if len(results) == 100:
                    servers.postgres.kill()
                    gone.set()
        assert 100 < len(results) < count
        assert {one["status"] for one in results[:100]} == {201}
        assert {one["status"] for one in results[100:]} == {503}
    finally:
        servers.postgres.start()

    async def accepted() -> bool:
        again = await send(intake, hotline, b"".join(map(a_line, range(count))))
        return {one["status"] for one in again} == {201}

    await eventually(accepted, within=60)
    assert await stored(database) == count


async def test_a_batch_of_another_type_or_from_nobody_is_refused(
    intake: Client, hotline: Header
) -> None:
    path = "/v1/complaints/batch"

    other = await intake.post(path, data=b"{}", headers={**hotline, "Content-Type": "text/csv"})
    nobody = await intake.post(path, data=a_line(1), headers=NDJSON)

    assert (other.status, other.json()["code"]) == (415, "unsupported_media_type")
    assert nobody.status == 401
