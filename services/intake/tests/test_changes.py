"""What a system sends again, changed, follows its complaint and is never a second one."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from nats.aio.client import Client as Nats
from sqlalchemy import text
from systems import a_call, a_chat, a_message, a_submission, an_update, register
from test_promises import everything_stored

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_contracts.events.complaints import MessageAdded
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings
from tocsin_intake.vault import Vault

Header = dict[str, str]


def a_whatsapp_edit(own: str, body: str) -> Any:
    inner = {"type": "text", "text": {"body": body}}
    edit = {"original_message_id": "wamid.GARISH-RUG", "message": inner}
    return an_update(a_message(id=own, type="edit", text=None, edit=edit))


def a_telegram_edit(number: int, words: str) -> Any:
    message = a_chat()["message"] | {"text": words, "edit_date": 1930000100 + number}
    return {"update_id": 900000001 + number, "edited_message": message}


def a_kobo_edit(own: str, words: str, **changes: Any) -> Any:
    first = a_submission()["_uuid"]
    return a_submission(
        _uuid=own,
        **{
            "report/words": words,
            "meta/instanceID": f"uuid:{own}",
            "meta/rootUuid": f"uuid:{first}",
            "meta/deprecatedID": f"uuid:{first}",
            **changes,
        },
    )


FACTS = "\nfacility.name: Silver Heron Assembly\nissues: forced_labour.retention_of_documents"
CHANGES: dict[str, tuple[Any, Any, Any, str]] = {
    "whatsapp_cloud": (
        an_update(a_message()),
        a_whatsapp_edit("wamid.2", "CANARY, corrected."),
        a_whatsapp_edit("wamid.3", "CANARY, corrected twice."),
        "",
    ),
    "telegram": (
        a_chat(),
        a_telegram_edit(1, "CANARY, corrected."),
        a_telegram_edit(2, "CANARY, corrected twice."),
        "",
    ),
    "kobo": (
        a_submission(),
        a_kobo_edit("u2", "CANARY, corrected."),
        a_kobo_edit("u3", "CANARY, corrected twice."),
        FACTS,
    ),
    "twilio": (
        a_call(RecordingUrl="https://api.example/RE1", RecordingSid="RE1", Digits="hangup"),
        a_call(TranscriptionSid="TR1", TranscriptionText="CANARY, corrected."),
        a_call(SpeechResult="CANARY, corrected twice."),
        "",
    ),
}
"""By adapter: what comes first, what changes it, and again; and the facts that a change repeats."""


class Scene:
    """Intake, and what lies in its vault."""

    def __init__(self, client: Client, vault: Vault, database: Database, operator: Header) -> None:
        self.client = client
        self.operator = operator
        self._vault = vault
        self._database = database

    async def rows(self, query: str) -> Any:
        async with self._database.begin() as tx:
            return (await tx.execute(text(query))).mappings().all()

    async def complaints(self) -> list[str]:
        """What each complaint says."""
        rows = await self.rows(
            "select complaint_id as id, wrapped, words from vault_entry natural join data_key"
            " order by 1"
        )
        return [self._vault.open(one["id"], one["wrapped"], one["words"]).words for one in rows]

    async def messages(self) -> list[str]:
        """What follows complaints, in order."""
        rows = await self.rows(
            "select m.id, m.complaint_id, m.sealed, k.wrapped from message m"
            " join data_key k using (complaint_id) order by m.written_at, m.id"
        )
        return [
            self._vault.compartment(one["complaint_id"], one["wrapped"]).open(
                b"message" + one["id"].bytes, one["sealed"]
            )
            for one in rows
        ]

    async def quarantined(self) -> list[str]:
        """Why payloads were set aside."""
        return [one["reason"] for one in await self.rows("select reason from quarantined")]


@pytest_asyncio.fixture(loop_scope="session")
async def scene(
    settings: Settings, database: Database, streams: Nats, operator: Header
) -> AsyncGenerator[Scene]:
    app = create_app(settings=settings)
    async with serving(app) as client:
        yield Scene(client, app.state.vault, database, operator)


@pytest.mark.parametrize("adapter", CHANGES)
async def test_changes_follow_their_complaint_once_each_and_only_ids_travel(
    adapter: str, scene: Scene, database: Database, told: Any
) -> None:
    first, second, third, facts = CHANGES[adapter]
    line = await register(scene.client, scene.operator, adapter)
    await line.send(first)

    for body in (second, second, third, second, third):
        assert (await line.send(body)).status == 200

    assert len(await scene.complaints()) == 1
    said = await scene.messages()
    assert said == [f"CANARY, corrected.{facts}", f"CANARY, corrected twice.{facts}"]
    assert "CANARY" not in await everything_stored(database)

    async def added() -> Any:
        bodies = [one.data.decode() for one in await told("COMPLAINTS")]
        return len([one for one in bodies if '"message_id"' in one]) == 2 and bodies

    bodies = await eventually(added)
    events = [MessageAdded.model_validate_json(one) for one in bodies if '"message_id"' in one]
    assert {one.author for one in events} == {"hotline"}
    assert "CANARY" not in "".join(bodies)


@pytest.mark.parametrize("adapter", [one for one in CHANGES if one != "kobo"])
async def test_a_change_that_comes_first_is_the_complaint_and_its_first_form_follows(
    adapter: str, scene: Scene
) -> None:
    first, second, _, _ = CHANGES[adapter]
    line = await register(scene.client, scene.operator, adapter)

    for body in (second, second, first, second, first):
        assert (await line.send(body)).status == 200

    assert await scene.complaints() == ["CANARY, corrected."]
    first_form, *again = await scene.messages()
    assert "CANARY" not in first_form
    assert [one.partition("\n")[0] for one in again] == ["CANARY, corrected."], (
        "told after the first form, so that the last word is the last"
    )


@pytest.mark.parametrize("adapter", CHANGES)
async def test_all_of_it_at_once_is_one_complaint(adapter: str, scene: Scene) -> None:
    line = await register(scene.client, scene.operator, adapter)

    answers = await asyncio.gather(*(line.send(one) for one in CHANGES[adapter][:3] * 4))

    assert {one.status for one in answers} == {200}
    [complaint] = await scene.complaints()
    said = {one.partition("\n")[0] for one in [complaint, *await scene.messages()]}
    first_form_after_its_edit = adapter == "kobo"  # which Kobo never posts, and nobody needs
    assert len(said) in ((2, 3) if first_form_after_its_edit else (3,))


async def test_a_batch_stores_what_is_changed_before_its_change(scene: Scene) -> None:
    line = await register(scene.client, scene.operator, "whatsapp_cloud")
    batch = a_whatsapp_edit("wamid.2", "Corrected.")
    batch["entry"] += an_update(a_message())["entry"]

    assert (await line.send(batch)).json() == {"received": 2}

    assert await scene.complaints() == [a_message()["text"]["body"]]
    assert await scene.messages() == ["Corrected."]


async def test_edits_of_edits_lead_to_the_first_form_though_each_names_only_the_one_before(
    scene: Scene,
) -> None:
    line = await register(scene.client, scene.operator, "kobo")
    before = a_submission()["_uuid"]
    await line.send(a_submission())

    for number in (2, 3, 4):
        edited = a_submission(
            _uuid=f"u{number}",
            **{"report/words": f"Form {number}.", "meta/deprecatedID": f"uuid:{before}"},
        )
        assert (await line.send(edited)).json() == {"received": 1}
        before = f"u{number}"

    assert len(await scene.complaints()) == 1
    assert [one.partition("\n")[0] for one in await scene.messages()] == [
        "Form 2.", "Form 3.", "Form 4.",
    ]  # fmt: skip


async def test_an_edit_back_to_the_first_words_is_told_too(scene: Scene) -> None:
    line = await register(scene.client, scene.operator, "kobo")
    said = a_submission()["report/words"]
    await line.send(a_submission())
    await line.send(a_kobo_edit("u2", "Otherwise."))

    for _ in range(2):
        await line.send(a_kobo_edit("u3", said))

    assert len(await scene.complaints()) == 1
    assert [one.partition("\n")[0] for one in await scene.messages()] == ["Otherwise.", said]


async def test_a_recording_that_is_ready_adds_nothing_to_its_call_and_is_not_lost_without(
    scene: Scene,
) -> None:
    line = await register(scene.client, scene.operator, "twilio")
    ready = {"RecordingStatus": "completed", "RecordingUrl": "https://a.example/1"}
    await line.send(a_call(SpeechResult="Locked doors."))

    await line.send(a_call(**ready))
    await line.send(a_call(CallSid="CA2", RecordingSid="RE2", **ready))

    assert await scene.complaints() == ["Locked doors.", "[voice recording]"]
    assert await scene.messages() == []


async def test_a_deleted_message_is_told_to_officers_and_takes_nothing_back(scene: Scene) -> None:
    line = await register(scene.client, scene.operator, "whatsapp_cloud")
    deleted = an_update(
        a_message(
            id="wamid.9",
            type="revoke",
            text=None,
            revoke={"original_message_id": "wamid.GARISH-RUG"},
        )
    )

    await line.send(deleted)
    assert await scene.quarantined() == ["changes_nothing_known"]

    await line.send(an_update(a_message()))
    [one] = await scene.rows("select id from quarantined")
    replayed = await scene.client.post(
        f"/v1/admin/quarantine/{one['id']}/replay", headers=scene.operator
    )

    assert replayed.json()["outcome"] == "accepted"
    assert await scene.messages() == ["[WhatsApp: deleted by its sender]"]
    assert (
        await scene.rows("select complaint_id from dialogue where withdrawn_at is not null") == []
    )


async def test_what_changes_a_complaint_that_was_taken_back_is_kept_aside(scene: Scene) -> None:
    kobo = await register(scene.client, scene.operator, "kobo")
    await kobo.send(a_submission())
    [one] = await scene.rows("select id from complaint")
    await _withdrawn(scene, one["id"])

    for _ in range(2):
        assert (await kobo.send(a_kobo_edit("u2", "More."))).json() == {"received": 0}
    [kept] = await scene.rows("select id from quarantined")
    replayed = await scene.client.post(
        f"/v1/admin/quarantine/{kept['id']}/replay", headers=scene.operator
    )

    assert replayed.json()["reason"] == "nothing_more"
    assert await scene.quarantined() == ["nothing_more"]
    assert await scene.messages() == []


async def test_an_erased_complaint_does_not_come_back_by_an_edit(scene: Scene) -> None:
    line = await register(scene.client, scene.operator, "kobo")
    await line.send(a_submission())
    [one] = await scene.rows("select id from complaint")
    erased = await scene.client.post(
        "/v1/admin/erasures",
        json={"complaint_id": str(one["id"]), "reason": "asked_by_worker"},
        headers=scene.operator,
    )
    assert erased.status < 300, erased

    assert (await line.send(a_kobo_edit("u2", "More."))).status == 200

    assert await scene.complaints() == []
    assert await scene.messages() == []


async def _withdrawn(scene: Scene, complaint_id: UUID) -> None:
    row = f"('{complaint_id}', 0, now())"
    await scene.rows(
        f"insert into dialogue (complaint_id, consent_version, withdrawn_at) values {row}"  # noqa: S608
        " returning complaint_id"
    )
