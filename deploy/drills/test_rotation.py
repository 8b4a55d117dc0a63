"""Passwords are made anew while complaints arrive: the old ones are worth nothing afterwards."""

from collections import Counter
from pathlib import Path

from tests.promises.test_nothing_is_lost import complaints_in_cases
from tests.support.ledger import Ledger, Reports
from tests.support.world import World

from deploy.drills.compose import ComposedTocsin
from deploy.drills.load import loaded, more_are_accepted
from tocsin_cli.secrets import Secrets
from tocsin_contracts.streams import INTAKE


async def test_a_service_gets_new_passwords_under_load(
    tocsin: ComposedTocsin, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    folder = Path(tocsin.compose.environment["TOCSIN_SECRETS"])
    before = Secrets.read(folder)

    async with loaded(everybody, reports, ledger):
        for kind in ("database", "nats", "admin"):
            tocsin.compose.run_script("deploy/rotate.sh", kind, INTAKE)
            await tocsin.ready()
            await more_are_accepted(ledger)
    after = tocsin.secrets = Secrets.read(folder)
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
