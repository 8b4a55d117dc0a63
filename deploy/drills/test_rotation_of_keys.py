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
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, SERVICES

KINDS = ("box", "alert", "question", "officers", "buyers", "receipt", "certificate", "tag")
TOLD = {
    INTAKE: ("BOX_PRIVATE_KEY", "RECEIPT_KEY", "CERTIFICATE_KEY", "TAG_KEY"),
    CASES: ("BOX_PRIVATE_KEY", "ALERT_SIGNING_KEY", "QUESTION_SIGNING_KEY", "HASH_KEY"),
    BUYER_PORTAL_API: ("HASH_KEY",),
}
NOTHING_PARKED: dict[str, list[str]] = {service: [] for service in SERVICES}
FACILITY = {"name": "Painted Stork Dyeing", "country": "KH"}  # on no list: a person must find it
WORDS = "We were told to sign for hours nobody worked."


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
