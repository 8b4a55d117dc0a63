"""What intake told is told again, as far as it may still exist; what was erased never is."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from builders import a_complaint
from nats.aio.client import Client as Nats
from sqlalchemy import text
from test_disclosures import HOLD, a_hotline, intended, listed
from test_erasure import erase
from test_way_back import a_receipt, own_number, use

from tocsin_common.database import Database
from tocsin_common.sealing import Box, public_key_of
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.base import Event
from tocsin_contracts.events.cases import ComplaintStatus, ComplaintStatusChanged
from tocsin_contracts.events.complaints import (
    ComplaintReceived,
    Consent,
    ConsentChanged,
    DisclosureHeld,
    Erased,
    MessageAdded,
    Reported,
    SupplierContact,
    Withdrawn,
)
from tocsin_contracts.streams import CASES, HEARERS, INTAKE, stream_of
from tocsin_intake.app import create_app
from tocsin_intake.erasure import ledger
from tocsin_intake.settings import Settings

Header = dict[str, str]
FACTS = {fact.subject: fact for fact in HEARERS if stream_of(fact).teller == INTAKE}
PATH = "/v1/admin/retelling"
ANEW = {"event_id", "sealed"}
"""What is made anew each time; what is sealed is compared once it is opened."""


class Stream:
    """What lies in COMPLAINTS, and since when one looks."""

    def __init__(self, told: Any, intake: Client, operator: Header) -> None:
        self._told, self._intake, self._operator = told, intake, operator

    async def all(self) -> list[Any]:
        return [
            FACTS[one.subject].model_validate_json(one.data)
            for one in await self._told("COMPLAINTS")
        ]

    async def holds(self, number: int) -> list[Any]:
        """Wait for so many."""

        async def look() -> list[list[Any]]:
            found = await self.all()
            return [found] if len(found) >= number else []

        [found] = await eventually(look)
        return found

    async def again(self) -> list[Any]:
        """Have everything told again, and return what came."""
        before, said, go_on = len(await self.all()), 0, {}
        while go_on is not None:
            answer = await self._intake.post(PATH, json=go_on, headers=self._operator)
            assert answer.status == 200, answer
            said += answer.json()["told"]
            go_on = answer.json()["next"]
        return (await self.holds(before + said))[before:]


@pytest.fixture
def stream(told: Any, intake: Client, operator: Header) -> Stream:
    return Stream(told, intake, operator)


@pytest.fixture
def reported(servers: Servers, settings: Settings) -> Callable[[ComplaintReceived], Reported]:
    """Open what only cases may read."""
    private = base64.b64decode(servers.environment(CASES)["TOCSIN_BOX_PRIVATE_KEY"])
    box = Box(private, public_key_of(settings.box_private_key))

    def read(event: ComplaintReceived) -> Reported:
        return Reported.model_validate_json(box.unseal(event.sealed))

    return read


def of(kind: type[Event], events: list[Any]) -> dict[UUID, Any]:
    """The events of a kind, by what they are about."""
    return {one.aggregate: one for one in events if isinstance(one, kind)}


async def test_a_complaint_is_told_again_as_it_came(
    intake: Client, hotline: Header, stream: Stream, reported: Any
) -> None:
    for number in (1, 2):
        happened = {"happened_on": "2026-03-01", "workers_affected": "10-99"}
        await a_receipt(intake, hotline, external_ref=f"call-{number}", **happened)
    first = of(ComplaintReceived, await stream.holds(2))

    again = of(ComplaintReceived, await stream.again())

    assert again.keys() == first.keys()
    for complaint_id, one in again.items():
        was = first[complaint_id]
        assert one.model_dump(exclude=ANEW) == was.model_dump(exclude=ANEW)
        assert reported(one) == reported(was)
        assert reported(one).source_tag
        assert one.event_id != was.event_id


async def test_what_followed_is_told_again(intake: Client, hotline: Header, stream: Stream) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)
    await use(intake, "messages", **own, words="They keep our passports.")
    for share in ("refused", "given"):
        await use(intake, "consent", **own, share=share)
    first = await stream.holds(4)

    again = await stream.again()

    assert of(MessageAdded, again).keys() == of(MessageAdded, first).keys()
    [message], [was] = (list(of(MessageAdded, some).values()) for some in (again, first))
    assert message.model_dump(exclude=ANEW) == was.model_dump(exclude=ANEW)
    [consent] = [one for one in again if isinstance(one, ConsentChanged)]
    assert (consent.version, consent.share) == (2, Consent.GIVEN)
    assert len(again) == 3


async def test_less_consent_counts_wherever_the_complaint_is_heard_first(
    intake: Client, hotline: Header, stream: Stream
) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    await use(intake, "consent", receipt, share="refused")
    await stream.holds(2)

    again = await stream.again()

    [complaint] = of(ComplaintReceived, again).values()
    [consent] = of(ConsentChanged, again).values()
    assert complaint.share is consent.share is Consent.REFUSED


async def test_more_consent_is_told_by_its_change_alone(
    intake: Client, hotline: Header, stream: Stream
) -> None:
    asked = {"share": "not_asked", "contact_supplier": "never"}
    receipt, _ = await a_receipt(intake, hotline, consent=asked)
    own = await own_number(intake, receipt)
    wider = {"share": "given", "supplier_contact": "generic_enquiry"}
    await use(intake, "consent", **own, **wider)
    await stream.holds(2)

    again = await stream.again()

    [complaint] = of(ComplaintReceived, again).values()
    [consent] = of(ConsentChanged, again).values()
    assert (complaint.share, complaint.supplier_contact) == (
        Consent.NOT_ASKED, SupplierContact.NEVER,
    )  # fmt: skip
    assert (consent.share, consent.supplier_contact) == (
        Consent.GIVEN, SupplierContact.GENERIC_ENQUIRY,
    )  # fmt: skip
    assert consent.occurred_at > complaint.occurred_at


async def test_a_complaint_that_was_taken_back_is_told_without_its_source(
    intake: Client, hotline: Header, stream: Stream, reported: Any
) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    await use(intake, "withdraw", receipt)
    first = await stream.holds(2)

    again = await stream.again()

    [complaint] = of(ComplaintReceived, again).values()
    assert complaint.share is Consent.REFUSED
    assert reported(complaint).facility_name == a_complaint()["facility"]["name"]
    assert reported(complaint).source_tag is reported(complaint).source_kind is None
    [withdrawn], [was] = (list(of(Withdrawn, some).values()) for some in (again, first))
    assert withdrawn.model_dump(exclude=ANEW) == was.model_dump(exclude=ANEW)


async def test_what_was_erased_is_told_as_erased_and_in_no_other_way(
    intake: Client, hotline: Header, operator: Header, stream: Stream
) -> None:
    receipt, complaint_id = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)
    await use(intake, "messages", **own, words="They keep our passports.")
    await use(intake, "consent", **own, share="refused")
    await erase(intake, operator, complaint_id)
    first = [one for one in await stream.holds(4) if isinstance(one, Erased)]

    again = await stream.again()

    assert [one.model_dump(exclude=ANEW) for one in again] == [
        one.model_dump(exclude=ANEW) for one in first
    ]


async def test_what_is_being_erased_is_waited_for_and_not_told(
    intake: Client, hotline: Header, operator: Header, database: Database, stream: Stream
) -> None:
    _, complaint_id = await a_receipt(intake, hotline)
    await stream.holds(1)

    async with database.begin() as erasing:
        found = "select id from complaint where id = :id for update"
        await erasing.execute(text(found), {"id": complaint_id})
        telling = asyncio.create_task(
            intake.post(PATH, json={"chapter": "complaints"}, headers=operator)
        )
        await eventually(lambda: somebody_waits(database))
        await erasing.execute(text("delete from complaint where id = :id"), {"id": complaint_id})
    answer = (await telling).json()

    assert (answer["told"], answer["left_out"]) == (0, 0)


async def somebody_waits(database: Database) -> bool:
    async with database.begin() as tx:
        waiting = (
            "select exists (select from pg_locks where not granted and locktype <> 'advisory')"
        )
        return bool(await tx.scalar(text(waiting)))


async def test_a_restored_database_is_erased_again_before_it_tells(
    settings: Settings,
    database: Database,
    streams: Nats,
    operator: Header,
    told: Any,
    tmp_path: Path,
) -> None:
    """The ledger outlived the restore; nobody has looked into it yet."""
    listed_in = settings.model_copy(update={"erasure_ledger": tmp_path / "ledger"})
    async with serving(create_app(settings=listed_in)) as intake:
        new = await intake.post("/v1/admin/integrations", json={"name": "N"}, headers=operator)
        key = intake.with_key(new.json()["key"])
        _, gone = await a_receipt(intake, key, external_ref="to be erased")
        _, stays = await a_receipt(intake, key, external_ref="to stay")
        stream = Stream(told, intake, operator)
        await stream.holds(2)
        ledger.append(tmp_path / "ledger", [UUID(gone)])

        again = await stream.again()

    assert [str(one) for one in of(ComplaintReceived, again)] == [stays]
    assert [str(one) for one in of(Erased, again)] == [gone]


async def test_a_test_complaint_is_never_told_neither_when_it_is_erased(
    intake: Client, operator: Header, stream: Stream
) -> None:
    new = await intake.post("/v1/admin/integrations", json={"name": "N"}, headers=operator)
    keys = f"/v1/admin/integrations/{new.json()['integration_id']}/keys"
    trying = await intake.post(keys, json={"test": True}, headers=operator)
    key = intake.with_key(trying.json()["key"])
    receipt, _ = await a_receipt(intake, key, external_ref="kept")
    own = await own_number(intake, receipt)
    await use(intake, "messages", **own, words="Is this on?")
    await use(intake, "consent", **own, share="refused")
    _, erased = await a_receipt(intake, key, external_ref="erased")
    assert (await erase(intake, operator, erased)).status == 201

    assert await stream.again() == []


async def test_a_closed_complaint_is_not_told_again_but_words_added_to_it_are(
    intake: Client, hotline: Header, stream: Stream, tell: Any, database: Database
) -> None:
    receipt, complaint_id = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)
    await use(intake, "messages", **own, words="It has begun again.")
    await stream.holds(2)
    await tell(
        ComplaintStatusChanged(
            version=2,
            occurred_at=datetime.now(UTC),
            complaint_id=UUID(complaint_id),
            status=ComplaintStatus.CLOSED,
        )
    )
    await eventually(lambda: is_closed(database))

    again = await stream.again()

    assert [type(one) for one in again] == [MessageAdded]


async def is_closed(database: Database) -> bool:
    async with database.begin() as tx:
        return await tx.scalar(text("select status from complaint")) == ComplaintStatus.CLOSED


async def test_holds_that_last_and_holds_that_were_lifted_are_told_again(
    intake: Client, operator: Header, stream: Stream, tell: Any
) -> None:
    integration_id, [key, _] = await a_hotline(intake, operator)
    meant = [intended(integration_id) for _ in range(3)]
    for one in meant:
        await tell(one)

    async def all_three() -> bool:
        return len(await listed(intake, key)) == 3

    await eventually(all_three)
    held, lifted, _ = (str(one.intention_id) for one in meant)
    for one in (held, lifted):
        await intake.post(f"/v1/disclosures/{one}/hold", json=HOLD, headers=key)
    await intake.post(f"/v1/disclosures/{lifted}/release", json=HOLD, headers=key)
    first = of(DisclosureHeld, await stream.holds(3))

    again = of(DisclosureHeld, await stream.again())

    assert {str(one) for one in again} == {held, lifted}
    for intention_id, one in again.items():
        was = first[intention_id]
        assert (one.version, one.held_until) == (was.version, was.held_until)
        assert one.reason == (was.reason if was.held_until else "other")


async def test_words_and_contacts_are_in_no_byte_of_it(
    intake: Client, hotline: Header, stream: Stream, told: Any
) -> None:
    words = {"words": "canary-words-81", "contact": "canary-contact-81"}
    consent = {"share": "given", "contact_me": True}
    facility = {"name": "canary-facility-81", "country": "VN"}
    await a_receipt(intake, hotline, consent=consent, facility=facility, **words)
    await stream.holds(1)

    await stream.again()

    for message in await told("COMPLAINTS"):
        assert b"canary" not in message.data
        assert "canary" not in json.dumps(message.headers)


async def test_one_that_no_key_opens_is_left_out_and_counted(
    intake: Client, hotline: Header, operator: Header, database: Database, stream: Stream
) -> None:
    await a_receipt(intake, hotline, external_ref="opens")
    _, lost = await a_receipt(intake, hotline, external_ref="does not")
    await stream.holds(2)
    async with database.begin() as tx:
        spoilt = "update data_key set wrapped = wrapped || '\\x00'::bytea where complaint_id = :id"
        await tx.execute(text(spoilt), {"id": lost})

    answer = await intake.post(PATH, json={"chapter": "complaints"}, headers=operator)

    assert (answer.json()["told"], answer.json()["left_out"]) == (1, 1)
