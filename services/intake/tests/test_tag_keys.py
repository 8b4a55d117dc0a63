"""Tag keys change every year, and cases knows a source across the change (protection V4)."""

import base64
from typing import Any

from builders import a_complaint
from nats.aio.client import Client as Nats
from test_way_back import told_of

from tocsin_common.database import Database
from tocsin_common.sealing import Box, new_key, public_key_of
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.complaints import ComplaintReceived, Reported
from tocsin_contracts.streams import CASES
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings

THIS_YEAR, NEXT_YEAR = new_key(), new_key()
YEARS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (THIS_YEAR, ()),
    (NEXT_YEAR, (THIS_YEAR,)),
    (NEXT_YEAR, ()),
)


async def tell_in(settings: Settings, operator: dict[str, str], told: Any, year: int) -> None:
    key, before = YEARS[year]
    changed = settings.model_copy(update={"tag_key": key, "tag_keys_before": before})
    async with serving(create_app(settings=changed)) as intake:
        new = {"name": f"Line {year}"}
        answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)
        hotline = intake.with_key(answer.json()["key"])
        for ref, source in (("known", "+84 90 000 0001"), ("other", "+84 90 000 0002")):
            said = a_complaint(external_ref=ref, source={"kind": "phone", "handle": source})
            assert (await intake.post("/v1/complaints", json=said, headers=hotline)).status == 201

        async def all_told() -> bool:
            return len(await told_of(told, ComplaintReceived)) == 2 * (year + 1)

        await eventually(all_told)


async def test_a_source_is_told_under_both_keys_while_one_takes_the_others_place(
    settings: Settings,
    database: Database,
    streams: Nats,
    operator: dict[str, str],
    told: Any,
    servers: Servers,
) -> None:
    for year in range(3):
        await tell_in(settings, operator, told, year)

    private = base64.b64decode(servers.environment(CASES)["TOCSIN_BOX_PRIVATE_KEY"])
    box = Box(private, public_key_of(settings.box_private_key))
    events = await told_of(told, ComplaintReceived)
    opened = [Reported.model_validate_json(box.unseal(one.sealed)) for one in events]
    before, during, after = opened[0], opened[2], opened[4]

    assert before.source_tags_before == after.source_tags_before == ()
    assert during.source_tags_before == (before.source_tag,)
    assert during.source_tag == after.source_tag != before.source_tag
    assert during.tag_key == after.tag_key != before.tag_key
    tags = {tag for one in opened for tag in (one.source_tag, *one.source_tags_before)}
    assert len(tags) == 4  # two sources, each under two keys
    assert not any(THIS_YEAR in tag or NEXT_YEAR in tag for tag in tags if tag)
