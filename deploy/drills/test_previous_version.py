"""An upgrade in the middle: each service in its previous version beside the others' current one.

`PREVIOUS` names the previous version, as a tag or commit. Its processes run on the newer schema,
hear the newer events, and tell theirs to newer hearers; taking an upgrade back looks the same.
"""

import subprocess
from collections import Counter

import pytest
from tests.promises.test_nothing_is_lost import complaints_in_cases
from tests.support.ledger import Ledger, Reports
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE
from tests.support.world import World

from deploy.drills.compose import ROOT, ComposedTocsin, container
from deploy.drills.load import buyers_were_told, loaded, more_are_accepted
from tocsin_common.testing import eventually
from tocsin_contracts.streams import SERVICES

PREVIOUS = (ROOT / "deploy/drills/PREVIOUS").read_text().strip()
TAG = "previous"


@pytest.fixture(scope="module")
def previous_images(tocsin: ComposedTocsin, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The previous version's images, built from its own sources; a shallow clone has none."""
    there = ["git", "cat-file", "-e", f"{PREVIOUS}^{{commit}}"]
    if subprocess.run(there, cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip(
            f"this clone has no {PREVIOUS}: the previous version was NOT run beside this one"
        )
    folder = tmp_path_factory.mktemp("previous")
    sources = subprocess.run(
        ["git", "archive", PREVIOUS], cwd=ROOT, capture_output=True, check=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=sources, check=True)
    own = {"COMPOSE_FILE": str(folder / "docker-compose.yml"), "TOCSIN_TAG": TAG}
    tocsin.compose.run("build", "--quiet", environment=own, folder=folder)


@pytest.mark.usefixtures("previous_images")
async def test_each_service_runs_in_its_previous_version_beside_the_others(
    tocsin: ComposedTocsin,
    receiver: Receiver,
    everybody: World,
    reports: Reports,
    ledger: Ledger,
) -> None:
    async with loaded(everybody, reports, ledger):
        for service in SERVICES:
            for tag in (TAG, "dev"):
                run_as(tocsin, service, tag)
                await tocsin.ready()
                await more_are_accepted(ledger)
    await tocsin.quiet()

    assert not ledger.contradictions
    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())
    await eventually(lambda: buyers_were_told(everybody, receiver, ledger), within=PATIENCE)
    assert not receiver.contradictions()


def run_as(tocsin: ComposedTocsin, service: str, tag: str) -> None:
    words = ("up", "-d", "--no-build", "--no-deps", "--wait", container(service))
    tocsin.compose.run(*words, environment={"TOCSIN_TAG": tag})
    image = tocsin.compose.inspect(container(service))["Config"]["Image"]
    assert image == f"tocsin/{container(service)}:{tag}"
