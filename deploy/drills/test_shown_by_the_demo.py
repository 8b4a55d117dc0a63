"""`tocsin demo`, played from outside on the containers, three of which die meanwhile.

It comes late: what it leaves in cases is in its own ledger and not in the drills'.
"""

import subprocess
import sys

from tests.support.shell import last_object

from deploy.drills.compose import ComposedTocsin

# Docker does not start again what Docker was asked to kill, so the process is ended from outside.
KILL = "sh -c 'kill -KILL $(docker inspect --format {{{{.State.Pid}}}} {project}-$0-1)'"
PATIENCE = 540  # seconds


def played(tocsin: ComposedTocsin, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, as an operator would who has the installation's secrets."""
    urls = {f"TOCSIN_{name.upper()}_URL": client.url for name, client in tocsin.http.items()}
    folder = tocsin.compose.environment["TOCSIN_SECRETS"]
    words = ("demo", "--running", "--json", f"--data-dir={folder}", f"--host={tocsin.host}")
    return subprocess.run(
        [sys.executable, "-m", "tocsin_cli", *words, *options],
        env={**tocsin.compose.environment, **urls, "TOCSIN_REAL_DATA": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


async def test_the_demos_ledger_balances_although_containers_are_killed(
    tocsin: ComposedTocsin,
) -> None:
    before = {part: tocsin.restarts(part) for part in ("intake", "nats", "notifications")}

    done = played(tocsin, f"--kill={KILL.format(project=tocsin.compose.project)}")

    assert done.returncode == 0, done.stdout + done.stderr
    ledger = last_object(done.stdout)
    assert ledger["balanced"] is True
    assert ledger["problems"] == []
    assert ledger["accepted"] == ledger["in_cases"] > 200
    assert ledger["delivered"] == ledger["expected_deliveries"] > 30
    assert ledger["lost"] == ledger["duplicates"] == ledger["unforeseen"] == 0
    assert ledger["kills"] == 3
    assert {part: tocsin.restarts(part) - many for part, many in before.items()} == {
        "intake": 1,
        "nats": 1,
        "notifications": 1,
    }
    await tocsin.ready()


def test_a_second_time_it_is_not_played_on_the_same_installation(tocsin: ComposedTocsin) -> None:
    done = played(tocsin)

    assert done.returncode == 7
    assert "was played on this installation before" in done.stderr
