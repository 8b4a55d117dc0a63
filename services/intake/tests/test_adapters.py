"""What holds for every adapter: durable, once, sealed, forgeries refused, nothing lost."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from systems import PATHS, SENT, Line, register
from test_promises import everything_stored

from tocsin_common.database import Database
from tocsin_common.testing.http import Client

Header = dict[str, str]
ADAPTERS = sorted(SENT)


@pytest_asyncio.fixture(loop_scope="session", params=ADAPTERS)
async def line(request: Any, intake: Client, operator: Header) -> Line:
    return await register(intake, operator, request.param)


async def scalar(database: Database, query: str) -> Any:
    async with database.begin() as tx:
        return (await tx.execute(text(query))).scalar()


async def complaints(database: Database) -> int:
    return await scalar(database, "select count(*) from complaint")


async def test_what_its_system_sends_is_stored_and_told_once_however_often_it_comes(
    line: Line, database: Database
) -> None:
    answers = await asyncio.gather(*(line.send(SENT[line.adapter]) for _ in range(8)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await complaints(database) == 1


async def test_other_contents_under_one_id_are_another_complaint_and_no_error(
    line: Line, database: Database
) -> None:
    def changed(found: Any) -> Any:
        if isinstance(found, dict):
            return {name: changed(value) for name, value in found.items()}  # pyright: ignore[reportUnknownVariableType]
        if isinstance(found, list):
            return [changed(value) for value in found]  # pyright: ignore[reportUnknownVariableType]
        said = ("Họ giữ hộ chiếu của chúng tôi.", "No pay since March.", "Locked fire exits.",
                "They keep our passports.", "ไม่ได้ค่าล่วงเวลา", "Chemical burns.")  # fmt: skip
        return f"{found} And more." if found in said else found

    await line.send(SENT[line.adapter])
    again = [await line.send(changed(SENT[line.adapter])) for _ in range(2)]

    assert [answer.status for answer in again] == [200, 200]
    one_uuid_is_one_form = line.adapter == "kobo"
    assert await complaints(database) == (1 if one_uuid_is_one_form else 2)


async def test_without_what_vouches_for_it_everything_is_refused_and_nothing_kept(
    line: Line, database: Database
) -> None:
    raw, shown = line.signed(SENT[line.adapter])
    vouching = [name for name in shown if name != "Content-Type"]

    for name in vouching:
        without = {one: value for one, value in shown.items() if one != name}
        answer = await line.intake.post(line.path, data=raw, headers=without)
        assert answer.status == 401, name
        for wrong in ("", "x", shown[name][:-1] + ("A" if shown[name][-1] != "A" else "B")):
            answer = await line.intake.post(line.path, data=raw, headers={**shown, name: wrong})
            assert answer.status == 401, (name, wrong)
    assert await complaints(database) == 0
    assert await scalar(database, "select count(*) from quarantined") == 0


async def test_a_limit_loses_nothing(
    intake: Client, operator: Header, database: Database, line: Line
) -> None:
    limited = await register(intake, operator, line.adapter, requests_per_minute=1)
    never_comes_again = line.adapter in ("twilio", "rapidpro")
    shown = limited.signed(SENT[line.adapter])[1]
    nobodys = {name: "" for name in shown if name != "Content-Type"}
    assert (await limited.send(SENT[line.adapter], nobodys)).status == 401

    answers = [await limited.send(SENT[line.adapter]) for _ in range(4)]

    statuses = [one.status for one in answers]
    assert statuses[0] == 200, "whoever cannot sign uses up nothing"
    assert statuses.count(503) >= (0 if never_comes_again else 2), "a minute may begin meanwhile"
    assert set(statuses) == ({200} if never_comes_again else {200, 503})
    for refused in (one for one in answers if one.status == 503):
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["RateLimit-Policy"] == '"default";q=1;w=60'
    assert await complaints(database) == 1


async def test_another_adapters_door_does_not_open(line: Line, database: Database) -> None:
    raw, shown = line.signed(SENT[line.adapter])

    for other in ADAPTERS:
        if other != line.adapter:
            path = line.path.removesuffix(PATHS[line.adapter]) + PATHS[other]
            answer = await line.intake.post(path, data=raw, headers=shown)
            assert answer.status in {401, 404}
    assert await complaints(database) == 0


async def test_what_is_in_its_format_and_not_understood_is_kept_sealed_and_no_error(
    line: Line, database: Database
) -> None:
    strange: dict[str, Any] = {
        "whatsapp_cloud": {
            "object": "x",
            "entry": [
                {"changes": [{"value": {"messages": [{"type": "hologram", "id": "CANARY"}]}}]}
            ],
        },
        "twilio": {"Hologram": "CANARY"},
        "telegram": {"update_id": 1, "hologram": {"of": "CANARY"}},
        "rapidpro": {"hologram": "CANARY"},
        "kobo": {"_hologram": "CANARY"},
        "generic": {"hologram": "CANARY"},
    }

    answers = [await line.send(strange[line.adapter]) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert await complaints(database) == 0
    assert await scalar(database, "select count(*) from quarantined") == 1
    assert await scalar(database, "select count(*) from data_key") == 1
    dump = await everything_stored(database)
    assert "CANARY" not in dump
    assert b"CANARY".hex() not in dump


HOSTILE = {
    "nothing": b"",
    "no JSON": b'{"update_id": ',
    "deep": b"[" * 100_000,
    "deep but whole": b'{"update_id":1,"object":"x","report":' + b"[" * 100 + b"]" * 100 + b"}",
    "a number of a megabyte": b'{"update_id":' + b"1" * 900_000 + b"}",
    "a field twice": b'{"update_id":1,"update_id":1,"object":"x"}',
    "no number": b'{"update_id":NaN,"object":"x"}',
    "latin": b'{"update_id":1,"object":"\xff"}',
    "an escaped half": b'{"object": "\\ud83d',
}


@pytest.mark.parametrize("adapter", [one for one in ADAPTERS if one != "twilio"])
async def test_hostile_bodies_are_an_error_and_nothing_else(
    adapter: str, intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, adapter)

    for what, body in HOSTILE.items():
        answer = await line.send(body)
        assert (answer.status, answer.json()["code"]) == (400, "malformed"), what
    assert await complaints(database) == 0
    assert await scalar(database, "select count(*) from quarantined") == 0


async def test_nul_and_lone_surrogates_do_not_cost_a_worker_the_complaint(
    line: Line, database: Database
) -> None:
    if line.adapter == "twilio":
        sent: Any = SENT["twilio"] | {"Body": "No pay\x00 since March."}
    else:
        plain = json.dumps(SENT[line.adapter])
        sent = (
            plain.replace("Silver", "Sil\\u0000ver\\ud800")
            .replace('a."', 'a\\u0000\\udfff."')
            .encode()
        )

    assert (await line.send(sent)).status == 200
    assert await complaints(database) == 1


async def test_every_real_payload_goes_in_and_comes_out_right(
    real_data: Path, intake: Client, operator: Header, database: Database
) -> None:
    folder = real_data / "webhooks/whatsapp_cloud"
    whatsapp = await register(intake, operator, "whatsapp_cloud")
    kobo = await register(intake, operator, "kobo")
    messages = json.loads((folder / "message.json").read_text())
    statuses = json.loads((folder / "message_status.json").read_text())
    submission = json.loads((real_data / "webhooks/kobo/submission_shape.json").read_text())
    nothing = {"reaction", "unreaction_empty", "unreaction_no_emoji"}
    aside = {"unsupported", "unsupported_with_type", "interactive_message_with_err"}

    received = {
        name: (await whatsapp.send(payload)).json()["received"]
        for name, payload in messages.items()
    }

    assert received == {name: int(name not in nothing | aside) for name in messages}
    assert await scalar(database, "select count(*) from quarantined") == len(aside)
    for payload in statuses.values():
        assert (await whatsapp.send(payload)).json() == {"received": 0}
    assert (await kobo.send(submission["submission"])).json() == {"received": 1}
    the_image_again = 1  # `media_with_url` is the message of `image`, told with its address
    told = len(messages) - len(nothing) - len(aside) - the_image_again
    assert await complaints(database) == told + 1
