"""`tocsin doctor` names the part that is gone, and the next step."""

import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.tocsin import PATIENCE

from deploy.drills.compose import ComposedTocsin
from tocsin_common.testing import eventually
from tocsin_contracts.streams import SERVICES


@pytest.mark.parametrize(
    ("server", "said", "step"),
    [
        ("nats", "nats: no connection", "Is nats-server running"),
        ("postgres", "database: ", "Is PostgreSQL running"),
    ],
)
async def test_the_doctor_names_the_server_that_is_gone(
    tocsin: ComposedTocsin, server: str, said: str, step: str
) -> None:
    async with stopped(tocsin, server):

        def all_say_so() -> bool:
            found = examined(tocsin)
            return all(
                any(said in one["found"] and step in one["remedy"] for one in found[service])
                for service in SERVICES
            )

        await eventually(all_say_so, within=PATIENCE)


async def test_the_doctor_finds_nothing_where_all_is_well(tocsin: ComposedTocsin) -> None:
    await tocsin.ready()

    assert all(one["ok"] for checks in examined(tocsin).values() for one in checks)


@asynccontextmanager
async def stopped(tocsin: ComposedTocsin, server: str) -> AsyncGenerator[None]:
    tocsin.compose.run("stop", server)
    try:
        yield
    finally:
        tocsin.compose.run("start", server)
        await tocsin.ready()


def examined(tocsin: ComposedTocsin) -> dict[str, list[Any]]:
    """What the doctor says from outside, by service."""
    urls = {f"TOCSIN_{name.upper()}_URL": client.url for name, client in tocsin.http.items()}
    folder = tocsin.compose.environment["TOCSIN_SECRETS"]
    done = subprocess.run(
        [sys.executable, "-m", "tocsin_cli", "doctor", "--json", f"--data-dir={folder}"],
        env={**tocsin.compose.environment, **urls},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)
    assert (done.returncode == 0) == all(one["ok"] for one in found), done.stderr
    return {name: [one for one in found if one["what"].startswith(name)] for name in SERVICES}
