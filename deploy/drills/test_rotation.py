"""Passwords and keys are made anew while complaints arrive; the old ones are worth nothing then."""

import base64
from collections import Counter
from contextlib import suppress
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from tests.e2e.test_dialogue import Speaker, answered
from tests.promises.test_nothing_is_lost import complaints_in_cases
from tests.support.clients import WhatsApp
from tests.support.ledger import Ledger, Reports
from tests.support.receiver import Hit, Receiver
from tests.support.tocsin import PATIENCE
from tests.support.world import World, a_complaint

from deploy.drills.compose import ComposedTocsin
from deploy.drills.conftest import QUIET
from deploy.drills.load import loaded, more_are_accepted
from tocsin_cli.secrets import Secrets
from tocsin_common.testing import eventually
from tocsin_contracts.streams import INTAKE, NOTIFICATIONS

WORDS = "They keep our passports in the office."


async def test_a_service_gets_new_passwords_under_load(
    tocsin: ComposedTocsin, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    folder = Path(tocsin.compose.environment["TOCSIN_SECRETS"])
    before = Secrets.read(folder)

    async with loaded(everybody, reports, ledger):
        for kind in ("database", "nats", "admin"):
            tocsin.compose.run_script("deploy/rotate.sh", kind, INTAKE)
            tocsin.secrets = Secrets.read(folder)
            await tocsin.ready()
            await more_are_accepted(ledger)
    after = tocsin.secrets
    await tocsin.quiet()

    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())
    assert after.nats_password(INTAKE) != before.nats_password(INTAKE)
    assert enters(tocsin, after.database_password(INTAKE))
    assert not enters(tocsin, before.database_password(INTAKE))
    answer = await tocsin.http[INTAKE].get(
        "/v1/admin/parked", headers={"Authorization": f"Bearer {before.admin_key(INTAKE)}"}
    )
    assert answer.status == 401
    await tocsin.operator(INTAKE).get("/v1/admin/parked")


def enters(tocsin: ComposedTocsin, password: str) -> bool:
    words = ("-h", "127.0.0.1", "-U", "tocsin_intake", "-d", "tocsin_intake", "-c", "select 1")
    login = f"PGPASSWORD={password}"
    try:
        tocsin.compose.run("exec", "-T", "-e", login, "postgres", "psql", "-XAtq", *words)
    except AssertionError:
        return False
    return True


async def test_the_vaults_key_is_made_anew_and_everything_still_opens(
    tocsin: ComposedTocsin, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    folder = Path(tocsin.compose.environment["TOCSIN_SECRETS"])
    before = vault_key(folder)
    said = a_complaint("Rotated 1", QUIET[0], words=WORDS)
    complaint_id = (await everybody.hotline.report(said))["complaint_id"]
    whatsapp = await WhatsApp.registered(tocsin.operator(INTAKE), "Ferry line", "an app's secret")
    officer = await Speaker.registered(tocsin, "Ines Okafor")
    await tocsin.quiet()
    await officer.change(complaint_id, "assignment", {})

    async with loaded(everybody, reports, ledger):
        tocsin.compose.run_script("deploy/rotate.sh", "vault")
        await tocsin.ready()
        await more_are_accepted(ledger)

    assert vault_key(folder) != before
    assert not (folder / INTAKE / "tocsin_vault_keys_before").exists()
    opened = await eventually(lambda: answered(officer, complaint_id), within=PATIENCE)
    assert opened["words"] == WORDS
    assert (await whatsapp.post({"object": "whatsapp_business_account", "entry": []})).status == 200


def vault_key(folder: Path) -> str:
    return (folder / INTAKE / "tocsin_vault_key").read_text()


async def test_webhooks_are_signed_with_old_and_new_keys_while_buyers_learn_the_new_one(
    tocsin: ComposedTocsin, everybody: World, receiver: Receiver
) -> None:
    [old_key] = await public_keys(tocsin)
    there = (await everybody.buyer.notifications.get("/v1/endpoints"))["data"]
    [endpoint] = [one for one in there if one["url"] == receiver.url]
    place = f"/v1/endpoints/{endpoint['endpoint_id']}"
    rotated = await everybody.buyer.notifications.post(f"{place}/rotate")
    try:
        start_signing(tocsin, "2,1")
        new_key, still_old = await public_keys(tocsin)
        hit = await sent_as_a_test(everybody, receiver, place)
    finally:
        start_signing(tocsin, "2")

    assert still_old == old_key != new_key
    hit.verify(everybody.secret)
    hit.verify(rotated["secret"])
    assert signed_by(hit, old_key)
    assert signed_by(hit, new_key)
    assert await public_keys(tocsin) == [new_key]
    later = await sent_as_a_test(everybody, receiver, place)
    assert signed_by(later, new_key)
    assert not signed_by(later, old_key)


def start_signing(tocsin: ComposedTocsin, generations: str) -> None:
    words = ("up", "-d", "--no-build", "--no-deps", "--wait", "notifications")
    tocsin.compose.run(*words, environment={"TOCSIN_WEBHOOK_SIGNING": generations})


async def public_keys(tocsin: ComposedTocsin) -> list[str]:
    """What notifications tells everybody, newest first."""
    answer = await tocsin.http[NOTIFICATIONS].get("/.well-known/webhook-keys.json")
    return [one["public_key"] for one in answer.json()["keys"]]


async def sent_as_a_test(everybody: World, receiver: Receiver, place: str) -> Hit:
    """The next test webhook at an endpoint."""
    before = len(receiver.hits)
    await everybody.buyer.notifications.ask("POST", f"{place}/test", json={})

    def arrived() -> Hit | None:
        return next((hit for hit in receiver.hits[before:] if hit.type == "endpoint.test"), None)

    hit = await eventually(arrived, within=PATIENCE)
    receiver.hits.remove(hit)  # it is no alert, and the ledger counts alerts
    return hit


def signed_by(hit: Hit, public_key: str) -> bool:
    """Whether one of a webhook's `v1a` signatures is this key's."""
    key = VerifyKey(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{hit.id}.{hit.headers['webhook-timestamp']}.".encode() + hit.body
    for one in hit.headers["webhook-signature"].split():
        version, _, signature = one.partition(",")
        if version == "v1a":
            with suppress(BadSignatureError):
                key.verify(signed, base64.b64decode(signature))
                return True
    return False
