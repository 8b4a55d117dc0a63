"""Mail leaves notifications for the mail server that it was told of."""

import json

from tests.support.tocsin import PATIENCE
from tests.support.world import World

from deploy.drills.compose import ComposedTocsin
from tocsin_common.testing import eventually

BOX = "import urllib.request as r; print(r.urlopen('http://mailpit:8025/api/v1/messages').read().decode())"
ADDRESS = "procurement@marl-town.example"


async def test_a_buyers_address_is_asked_to_confirm(
    tocsin: ComposedTocsin, everybody: World
) -> None:
    await everybody.buyer.notifications.post("/v1/endpoints/email", {"email": ADDRESS})

    await eventually(lambda: ADDRESS in written_to(tocsin), within=PATIENCE)


def written_to(tocsin: ComposedTocsin) -> list[str]:
    said = tocsin.compose.run("exec", "-T", "notifications", "python", "-c", BOX)
    return [one["Address"] for mail in json.loads(said)["messages"] for one in mail["To"]]
