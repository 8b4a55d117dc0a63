"""Keys that stay good beside new ones, and NATS's certificates: made anew under load, no loss."""

from pathlib import Path

from tests.e2e.test_dialogue import Speaker, answered
from tests.promises.test_nothing_is_lost import complaints_in_cases, versions_of
from tests.support.ledger import Ledger, Reports
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE
from tests.support.world import World, a_complaint

from deploy.drills.compose import ComposedTocsin
from deploy.drills.conftest import QUIET
from deploy.drills.load import loaded, more_are_accepted
from tocsin_cli.secrets import Secrets
from tocsin_common.testing import eventually
from tocsin_contracts.permissions import PROVISION
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS, SERVICES

KINDS = ("box", "alert", "question", "officers", "buyers", "receipt", "certificate", "tag")
TOLD = {
    INTAKE: ("BOX_PRIVATE_KEY", "RECEIPT_KEY", "CERTIFICATE_KEY", "TAG_KEY"),
    CASES: ("BOX_PRIVATE_KEY", "ALERT_SIGNING_KEY", "QUESTION_SIGNING_KEY", "HASH_KEY"),
    BUYER_PORTAL_API: ("HASH_KEY",),
}
NOTHING_PARKED: dict[str, list[str]] = {service: [] for service in SERVICES}
FACILITY = {"name": "Painted Stork Dyeing", "country": "KH"}  # on no list: a person must find it
WORDS = "We were told to sign for hours nobody worked."
SHOWN = (
    "import ssl; print(ssl.get_server_certificate(('nats', 4222),"
    " ca_certs='/run/secrets/tocsin/nats_ca.crt'))"
)
ENTERS = """
import asyncio, os, ssl, nats
async def enter():
    tls = ssl.create_default_context(cafile="/run/secrets/tocsin/nats_ca.crt")
    client = await nats.connect(
        "tls://nats:4222", user=os.environ["WHO"], password=os.environ["WORD"], tls=tls,
        tls_handshake_first=True, allow_reconnect=False, max_reconnect_attempts=1,
    )
    await client.close()
asyncio.run(enter())
"""


async def test_every_key_that_can_be_replaced_is_and_what_lay_under_the_old_ones_is_good(
    tocsin: ComposedTocsin,
    everybody: World,
    receiver: Receiver,
    reports: Reports,
    ledger: Ledger,
) -> None:
    folder = Path(tocsin.compose.environment["TOCSIN_SECRETS"])
    before = Secrets.read(folder)
    said = a_complaint("Keys 1", QUIET[1], words=WORDS, facility=FACILITY)
    officer = await Speaker.registered(tocsin, "Ines Okafor")

    async with loaded(everybody, reports, ledger):
        receipt = await everybody.hotline.report(said)
        page = await eventually(lambda: first_of_more(everybody), within=PATIENCE)
        for kind in KINDS:
            tocsin.compose.run_script("deploy/rotate.sh", kind)
            await tocsin.ready()
            await more_are_accepted(ledger)
    tocsin.secrets = Secrets.read(folder)
    await tocsin.quiet()

    assert told_keys(tocsin.secrets).isdisjoint(told_keys(before))
    assert not ledger.contradictions
    # Nobody used a key before all who open or verify had learnt of it.
    assert {service: await parked(tocsin, service) for service in SERVICES} == NOTHING_PARKED
    filed = await complaints_in_cases(everybody)
    assert all(filed[complaint_id] == 1 for complaint_id in ledger.accepted.values())
    await eventually(lambda: all_alerts_arrived(everybody, receiver, ledger), within=PATIENCE)
    assert not receiver.contradictions()
    # What was made before: a sealed name, keys of officers and buyers, a cursor, a receipt.
    names = {one["complaint_id"]: one["facility_name"] for one in await everybody.officer.waiting()}
    assert names[receipt["complaint_id"]] == FACILITY["name"]
    await officer.change(receipt["complaint_id"], "assignment", {})
    opened = await eventually(lambda: answered(officer, receipt["complaint_id"]), within=PATIENCE)
    assert opened["words"] == WORDS
    assert (await everybody.buyer.portal.get("/v1/alerts", limit=1, after=page))["data"]
    assert await everybody.hotline.report(said) == receipt


async def first_of_more(everybody: World) -> str | None:
    """The cursor behind a buyer's first alert, once there is another."""
    return (await everybody.buyer.portal.get("/v1/alerts", limit=1))["next_cursor"]


def told_keys(secrets: Secrets) -> set[str]:
    """The keys that are made anew, as their services are told them."""
    told = {service: secrets.environment(service) for service in SERVICES}
    return {told[service][f"TOCSIN_{name}"] for service, names in TOLD.items() for name in names}


async def parked(tocsin: ComposedTocsin, service: str) -> list[str]:
    """What a service could not take, dead letters and all."""
    return [one["reason"] for one in await tocsin.operator(service).all("/v1/admin/parked")]


async def all_alerts_arrived(everybody: World, receiver: Receiver, ledger: Ledger) -> bool:
    """Whether every alert was released, shown and delivered, and the ledger's are among them."""
    released = versions_of(await everybody.officer.alerts())
    shown = versions_of(await everybody.buyer.alerts())
    return len(released) >= len(ledger.alerts()) and released == shown == receiver.newest()


async def test_what_was_replaced_is_worth_nothing_once_it_is_forgotten(
    tocsin: ComposedTocsin, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    told = Path(tocsin.compose.environment["TOCSIN_SECRETS"]) / INTAKE
    old, new = told / "tocsin_tag_keys_before", told / "tocsin_question_verify_keys"
    assert old.exists()
    assert new.read_text().count(",") == 1

    async with loaded(everybody, reports, ledger):
        for kind in ("tag", "question"):
            tocsin.compose.run_script("deploy/rotate.sh", "forget", kind)
            await tocsin.ready()
            await more_are_accepted(ledger)

    assert not old.exists()
    assert new.read_text().count(",") == 0


async def test_nats_gets_new_certificates_and_every_service_new_passwords_under_load(
    tocsin: ComposedTocsin, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    folder = Path(tocsin.compose.environment["TOCSIN_SECRETS"])
    before, old_certificate = Secrets.read(folder), shown_by_nats(tocsin)

    async with loaded(everybody, reports, ledger):
        rotate(tocsin, "certificates")
        new_certificate = shown_by_nats(tocsin)
        for service in (CASES, NOTIFICATIONS, BUYER_PORTAL_API):
            rotate(tocsin, "passwords", service)
        rotate(tocsin, "nats", PROVISION)
        rotate(tocsin, "database", "monitor")
        rotate(tocsin, "database", "postgres")
        rotate(tocsin, "forget", "certificates")
        tocsin.kill("nats")  # everybody must find it again, by the new authority alone
        after = tocsin.secrets = Secrets.read(folder)
        await tocsin.ready()
        await more_are_accepted(ledger)
    tocsin.compose.run("run", "--rm", "--no-deps", "-T", "provision")
    await tocsin.quiet()

    assert new_certificate != old_certificate
    assert (folder / INTAKE / "nats_ca.crt").read_text().count("BEGIN") == 1
    for user in (CASES, NOTIFICATIONS, BUYER_PORTAL_API, PROVISION):
        assert enters_nats(tocsin, user, after.nats_password(user))
        assert not enters_nats(tocsin, user, before.nats_password(user))
    filed = await complaints_in_cases(everybody)
    assert all(filed[complaint_id] == 1 for complaint_id in ledger.accepted.values())


def rotate(tocsin: ComposedTocsin, *what: str) -> None:
    tocsin.compose.run_script("deploy/rotate.sh", *what)


def shown_by_nats(tocsin: ComposedTocsin) -> str:
    """The certificate that NATS shows now, of an authority that intake trusts."""
    return tocsin.compose.run("exec", "-T", INTAKE, "python", "-c", SHOWN).decode()


def enters_nats(tocsin: ComposedTocsin, user: str, password: str) -> bool:
    login = ("-e", f"WHO={user}", "-e", f"WORD={password}")
    try:
        tocsin.compose.run("exec", "-T", *login, INTAKE, "python", "-c", ENTERS)
    except AssertionError:
        return False
    return True
