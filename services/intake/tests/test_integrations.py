"""Integrations and their keys, as an operator and a hotline meet them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_intake.acceptance import testing
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings

Header = dict[str, str]
PATH = "/v1/admin/integrations"


@pytest_asyncio.fixture(loop_scope="session")
async def line(intake: Client, operator: Header) -> Any:
    """A registered integration: its id and its first key."""
    answer = await intake.post(PATH, json={"name": "Night line"}, headers=operator)
    assert answer.status == 201
    return answer.json()


async def posts(intake: Client, key: str, **changes: Any) -> Any:
    return await intake.post(
        "/v1/complaints", json=a_complaint(**changes), headers=intake.with_key(key)
    )


async def refused(intake: Client, key: str) -> None:
    async def is_refused() -> bool:
        return (await posts(intake, key)).status == 401

    await eventually(is_refused, within=15)


async def scalar(database: Database, query: str) -> Any:
    async with database.begin() as tx:
        return (await tx.execute(text(query))).scalar()


async def test_a_rotated_key_goes_on_working_while_it_overlaps_and_not_after(
    intake: Client, operator: Header, line: Any, database: Database
) -> None:
    keys = f"{PATH}/{line['integration_id']}/keys"

    rotated = (await intake.post(f"{keys}/rotate", headers=operator)).json()

    assert (await posts(intake, line["key"])).status == 201
    assert (await posts(intake, rotated["key"], external_ref="R-2")).status == 201
    shown = (await intake.get(keys, headers=operator)).json()["data"]
    assert [one["valid_until"] is None for one in shown] == [True, False]
    until = datetime.fromisoformat(shown[1]["valid_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)

    again = await intake.post(f"{keys}/rotate", json={"overlap_hours": 0}, headers=operator)

    await refused(intake, rotated["key"])
    assert (await posts(intake, again.json()["key"])).status == 201
    await refused(intake, line["key"])


async def test_a_disabled_integration_is_refused_and_comes_back_with_its_keys(
    intake: Client, operator: Header, line: Any
) -> None:
    place = f"{PATH}/{line['integration_id']}"
    any_state = operator | {"If-Match": "*"}

    assert (await intake.post(f"{place}/disable", headers=any_state)).json()["disabled"]
    await refused(intake, line["key"])
    assert not (await intake.post(f"{place}/enable", headers=any_state)).json()["disabled"]

    async def is_back() -> bool:
        return (await posts(intake, line["key"])).status == 201

    await eventually(is_back, within=15)


async def test_one_key_is_taken_back_and_the_others_stay(
    intake: Client, operator: Header, line: Any
) -> None:
    keys = f"{PATH}/{line['integration_id']}/keys"
    other = (await intake.post(keys, headers=operator)).json()

    gone = await intake.request("DELETE", f"{keys}/{other['key_id']}", headers=operator)

    assert gone.status == 204
    await refused(intake, other["key"])
    assert (await posts(intake, line["key"])).status == 201
    strange = await intake.request("DELETE", f"{keys}/{uuid4()}", headers=operator)
    assert strange.status == 404


async def test_a_key_without_the_scope_is_told_so(
    intake: Client, operator: Header, line: Any, database: Database
) -> None:
    keys = f"{PATH}/{line['integration_id']}/keys"
    answer = await intake.post(keys, json={"scopes": ["disclosures"]}, headers=operator)

    refused = await posts(intake, answer.json()["key"])

    assert (refused.status, refused.json()["code"]) == (403, "not_permitted")
    assert await scalar(database, "select count(*) from complaint") == 0


async def test_changes_need_the_present_state_and_show_in_complaints(
    intake: Client, operator: Header, line: Any, database: Database
) -> None:
    place = f"{PATH}/{line['integration_id']}"
    shown = await intake.get(place, headers=operator)
    wanted = {
        "defaults": {"channel": "hotline", "language": "th", "country": "TH"},
        "requests_per_minute": 600,
    }

    def change(**headers: str) -> Any:
        return intake.request("PATCH", place, json=wanted, headers=operator | headers)

    assert (await change()).status == 428
    assert (await change(**{"If-Match": '"7"'})).status == 412
    changed = await change(**{"If-Match": shown.headers["ETag"]})
    assert changed.status == 200
    assert changed.json()["requests_per_minute"] == 600
    assert changed.headers["ETag"] != shown.headers["ETag"]
    unchanged = await intake.get(
        place, headers=operator | {"If-None-Match": changed.headers["ETag"]}
    )
    assert unchanged.status == 304

    async def speaks_thai() -> bool:
        new = str(uuid4())
        said = a_complaint(external_ref=new, language=None, channel=None, facility={})
        await intake.post("/v1/complaints", json=said, headers=intake.with_key(line["key"]))
        newest = "select facts ->> 'language' from complaint order by id desc limit 1"
        return await scalar(database, newest) == "th"

    await eventually(speaks_thai, within=15)


async def test_a_default_facility_is_meant_where_a_complaint_names_none(
    intake: Client, operator: Header, database: Database
) -> None:
    facility = {"os_id": "BD2021113R7R87P", "country": "BD"}
    new = {"name": "Gate line", "defaults": {"facility": facility}}
    key = (await intake.post(PATH, json=new, headers=operator)).json()["key"]

    await posts(intake, key, facility={})
    assert await scalar(database, "select facts ->> 'os_id' from complaint") == facility["os_id"]

    await posts(intake, key, external_ref="R-2")
    named = "select facts ->> 'os_id' from complaint order by id desc limit 1"
    assert await scalar(database, named) is None


async def test_a_test_keys_complaint_is_answered_and_never_leaves(
    intake: Client, operator: Header, line: Any, database: Database, told: Any
) -> None:
    keys = f"{PATH}/{line['integration_id']}/keys"
    test_key = (await intake.post(keys, json={"test": True}, headers=operator)).json()["key"]

    tried = await posts(intake, test_key)
    real = await posts(intake, line["key"])

    assert test_key.startswith("tcs_test_")
    assert line["key"].startswith("tcs_live_")
    assert (tried.status, real.status) == (201, 201)
    assert tried.json()["complaint_id"] != real.json()["complaint_id"], "not its repeat"

    async def shipped() -> Any:
        return await told("COMPLAINTS")

    [message] = await eventually(shipped)
    assert real.json()["complaint_id"] in message.data.decode()

    async def all_left() -> bool:
        return await scalar(database, "select count(*) from outbox") == 0

    await eventually(all_left)
    assert await scalar(database, "select count(*) from test_complaint") == 1


async def test_a_test_key_neither_holds_nor_releases_nor_sees_what_is_real(
    intake: Client, operator: Header, line: Any
) -> None:
    keys = f"{PATH}/{line['integration_id']}/keys"
    made = await intake.post(keys, json={"test": True}, headers=operator)
    shown, reason = intake.with_key(made.json()["key"]), {"reason": "other"}
    told = {"complaint_ids": [str(uuid4())]}

    answers = [
        await intake.get("/v1/disclosures", headers=shown),
        await intake.post(f"/v1/disclosures/{uuid4()}/hold", json=reason, headers=shown),
        await intake.post(f"/v1/disclosures/{uuid4()}/release", json=reason, headers=shown),
        await intake.get("/v1/openings", headers=shown),
        await intake.get("/v1/replies-waiting", headers=shown),
        await intake.post("/v1/replies-waiting/told", json=told, headers=shown),
    ]

    assert [(one.status, one.json()["code"]) for one in answers] == [(403, "not_permitted")] * 6


async def test_test_complaints_are_gone_after_a_day_and_real_ones_stay(
    intake: Client, operator: Header, line: Any, database: Database
) -> None:
    keys = f"{PATH}/{line['integration_id']}/keys"
    test_key = (await intake.post(keys, json={"test": True}, headers=operator)).json()["key"]
    await posts(intake, test_key)
    await posts(intake, line["key"])

    async def purge(before: datetime) -> int:
        async with database.begin() as tx:
            return await testing.purge(tx, before)

    assert await purge(datetime.now(UTC) - testing.KEPT) == 0
    assert await purge(datetime.now(UTC) + timedelta(seconds=1)) == 1
    for table in ("complaint", "vault_entry", "data_key", "acceptance"):
        assert await scalar(database, f"select count(*) from {table}") == 1  # noqa: S608
    assert await scalar(database, "select count(*) from test_complaint") == 0


async def test_last_use_is_written_without_a_statement_per_request(
    settings: Settings, database: Database, streams: Any, operator: Header
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as intake:
        line = (await intake.post(PATH, json={"name": "Night line"}, headers=operator)).json()
        place = f"{PATH}/{line['integration_id']}"
        for number in range(3):
            assert (await posts(intake, line["key"], external_ref=f"R-{number}")).status == 201
        assert (await intake.get(place, headers=operator)).json()["last_used_at"] is None

        await app.state.usage.write()

        used = (await intake.get(place, headers=operator)).json()["last_used_at"]
        [key] = (await intake.get(f"{place}/keys", headers=operator)).json()["data"]
    assert datetime.now(UTC) - datetime.fromisoformat(used) < timedelta(minutes=3)
    assert key["last_used_at"] == used


@pytest.mark.parametrize("adapter", ["whatsapp_cloud", "twilio", "telegram", "generic"])
async def test_an_adapter_that_checks_signatures_needs_its_secrets(
    intake: Client, operator: Header, adapter: str
) -> None:
    answer = await intake.post(PATH, json={"name": "Line", "adapter": adapter}, headers=operator)

    assert (answer.status, answer.json()["code"]) == (422, "secrets_missing")


async def test_secrets_are_shown_to_nobody_and_lie_sealed(
    intake: Client, operator: Header, database: Database
) -> None:
    secrets = {"app_secret": "CANARY-app-secret", "verify_token": "CANARY-verify"}
    new = {"name": "Line", "adapter": "whatsapp_cloud", "whatsapp_cloud": secrets}
    created = await intake.post(PATH, json=new, headers=operator)

    shown = await intake.get(created.headers["Location"], headers=operator)

    assert shown.json()["system"]["whatsapp_cloud"]["app_secret"] == "…"
    row = await scalar(database, "select t::text from integration t")
    for canary in secrets.values():
        assert canary not in shown.text + created.text
        assert canary not in row
        assert canary.encode().hex() not in row


ACCESS: dict[str, Any] = {
    "whatsapp_cloud": {
        "app_secret": "CANARY-app-secret",
        "verify_token": "CANARY-verify",
        "access_token": "CANARY-access-token",
        "phone_number_id": "1122334455667",
    },
    "twilio": {
        "auth_token": "CANARY-auth-token",
        "public_url": "https://intake.example.org",
        "account_sid": "AC" + "0" * 32,
    },
    "telegram": {
        "secret_token": "CANARY-secret-token",
        "bot_token": "123456:CANARY-invented-bot-token",
    },
    "rapidpro": {"api_token": "CANARY-api-token", "base_url": "https://flows.example.org"},
    "kobo": {"api_token": "CANARY-api-token", "server_url": "https://forms.example.org"},
}


@pytest.mark.parametrize("adapter", ACCESS)
async def test_what_opens_a_hotlines_own_system_is_told_and_never_shown(
    intake: Client, operator: Header, database: Database, adapter: str
) -> None:
    new = {"name": "Line", "adapter": adapter, adapter: ACCESS[adapter]}
    created = await intake.post(PATH, json=new, headers=operator)
    place = created.headers["Location"]
    shown = await intake.get(place, headers=operator)
    told = {adapter: ACCESS[adapter]}
    changed = await intake.request(
        "PUT", f"{place}/system", json=told, headers=operator | {"If-Match": "*"}
    )

    assert (created.status, changed.status) == (201, 200)
    assert "…" in shown.text
    row = await scalar(database, "select t::text from integration t")
    for said in (created.text, shown.text, changed.text, row):
        assert "CANARY" not in said
        assert b"CANARY".hex() not in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "https://graph.example.org/v25.0?next=elsewhere"},
        {"base_url": "https://user:word@graph.example.org"},
        {"base_url": "file:///etc"},
        {"base_url": "https://graph.example.org/../.."},
        {"media_hosts": ["https://media.example.org/path"]},
        {"media_hosts": ["*.example.org"]},
        {"access_token": "two\r\nlines"},
        {"phone_number_id": "../me"},
    ],
)
async def test_an_address_is_told_plainly_or_not_at_all(
    intake: Client, operator: Header, wrong: dict[str, Any]
) -> None:
    new = {"name": "Line", "adapter": "whatsapp_cloud"}
    system = {"whatsapp_cloud": ACCESS["whatsapp_cloud"] | wrong}

    answer = await intake.post(PATH, json=new | system, headers=operator)

    assert answer.status == 422


async def test_integrations_are_listed_in_pages(intake: Client, operator: Header) -> None:
    for number in range(5):
        await intake.post(PATH, json={"name": f"Line {number}"}, headers=operator)

    names: list[str] = []
    after = ""
    while True:
        page = (await intake.get(f"{PATH}?limit=2{after}", headers=operator)).json()
        names += [one["name"] for one in page["data"]]
        if not page["next_cursor"]:
            break
        after = f"&after={page['next_cursor']}"

    assert names == [f"Line {number}" for number in range(5)]


async def test_only_the_operator_may_see_or_change(
    intake: Client, line: Any, hotline: Header
) -> None:
    place = f"{PATH}/{line['integration_id']}"
    for method, path in (
        ("GET", PATH),
        ("POST", PATH),
        ("GET", place),
        ("PATCH", place),
        ("PUT", f"{place}/system"),
        ("POST", f"{place}/disable"),
        ("POST", f"{place}/enable"),
        ("GET", f"{place}/keys"),
        ("POST", f"{place}/keys"),
        ("POST", f"{place}/keys/rotate"),
        ("DELETE", f"{place}/keys/{uuid4()}"),
    ):
        assert (await intake.request(method, path, headers=hotline)).status == 401, path
