"""The keys of the vault: how data keys are wrapped, and wrapped anew."""

from typing import Any
from uuid import uuid4

import pytest
from builders import a_complaint
from nats.aio.client import Client as Nats
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.sealing import Box, Unreadable, new_key, public_key_of, seal_to
from tocsin_common.testing import serving
from tocsin_contracts.events.complaints import Reported
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings
from tocsin_intake.vault import Account, LocalKeys, TagKeys, Vault

ACCOUNT = Account(words="We have not been paid.", reported=Reported())


def a_vault(*keys: bytes) -> Vault:
    return Vault(LocalKeys(*keys), TagKeys(new_key()), Box(new_key(), public_key_of(new_key())))


def test_what_an_older_key_wrapped_opens_until_that_key_is_taken_away() -> None:
    complaint_id, old, new = uuid4(), new_key(), new_key()
    sealed = a_vault(old).seal(complaint_id, ACCOUNT, None)

    assert a_vault(new, old).open(complaint_id, sealed.wrapped_key, sealed.words) == ACCOUNT
    with pytest.raises(Unreadable):
        a_vault(new).open(complaint_id, sealed.wrapped_key, sealed.words)


def test_a_data_key_opens_for_its_own_complaint_only() -> None:
    vault, complaint_id = a_vault(new_key()), uuid4()
    sealed = vault.seal(complaint_id, ACCOUNT, None)

    with pytest.raises(Unreadable):
        vault.open(uuid4(), sealed.wrapped_key, sealed.words)


def test_a_reply_opens_in_its_own_complaint_only() -> None:
    vault, complaint_id, other_id = a_vault(new_key()), uuid4(), uuid4()
    sealed, other = (vault.seal(one, ACCOUNT, None) for one in (complaint_id, other_id))
    reply = seal_to(sealed.public_key, b"Thank you.")

    assert vault.compartment(complaint_id, sealed.wrapped_key).reply(reply) == "Thank you."
    with pytest.raises(Unreadable):
        vault.compartment(other_id, other.wrapped_key).reply(reply)


async def test_a_rotation_wraps_every_key_anew_and_touches_no_content(
    settings: Settings,
    database: Database,
    streams: Nats,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tocsin_intake.vault.rotation.AT_ONCE", 3)
    async with serving(create_app(settings=settings)) as intake:
        secrets = {"app_secret": "an invented secret", "verify_token": "another"}
        new: dict[str, Any] = {"name": "Line", "adapter": "whatsapp_cloud"}
        await intake.post(
            "/v1/admin/integrations", json=new | {"whatsapp_cloud": secrets}, headers=operator
        )
        answer = await intake.post(
            "/v1/admin/integrations", json={"name": "Night line"}, headers=operator
        )
        key = intake.with_key(answer.json()["key"])
        for number in range(7):
            said = a_complaint(external_ref=f"FERRY-{number}")
            assert (await intake.post("/v1/complaints", json=said, headers=key)).status == 201
    before = await rows(database, "select complaint_id, words from vault_entry order by 1")

    current = new_key()
    rotating = settings.model_copy(
        update={"vault_key": current, "vault_keys_before": (settings.vault_key,)}
    )
    async with serving(create_app(settings=rotating)) as intake:
        steps: list[tuple[int, int]] = []
        after = None
        while not steps or steps[-1][0]:
            body = {"after": after} if after else {}
            answer = await intake.post("/v1/admin/vault/rotate", json=body, headers=operator)
            step = answer.json()
            after = step["after"]
            steps.append((step["rewrapped"], step["left"]))
    assert steps == [(3, 4), (3, 1), (1, 0), (1, 0), (0, 0)]

    assert await rows(database, "select complaint_id, words from vault_entry order by 1") == before
    vault = a_vault(current)
    for complaint_id, words in before:
        [(wrapped,)] = await rows(
            database, "select wrapped from data_key where complaint_id = :id", id=complaint_id
        )
        assert vault.open(complaint_id, wrapped, words).words.startswith("We have not")
    [(integration_id, sealed)] = await rows(
        database, "select id, sealed_secrets from integration where sealed_secrets is not null"
    )
    assert b"an invented secret" in vault.open_secrets(integration_id, sealed)


async def rows(database: Database, query: str, **values: Any) -> list[Any]:
    async with database.begin() as tx:
        return list((await tx.execute(text(query), values)).all())
