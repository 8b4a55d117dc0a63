"""`tocsin demo`: the main job once, with processes killed in the middle, and nothing left over."""

import os
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.shell import (
    COMMAND,
    environment,
    last_object,
    new_directory,
    tocsin,
    working_in,
)

PATIENCE = 240  # seconds; it takes half a minute where nothing else runs
AIM = 60  # seconds, on two cores that do nothing else, as CI's
IN_CASES = 200  # complaints that the demo's own hotlines hand in, at the least


@pytest.fixture
def place() -> Generator[Path]:
    """Where the demo makes its directory."""
    with new_directory() as directory:
        yield directory


def test_every_complaint_and_alert_arrives_although_processes_are_killed(place: Path) -> None:
    done = tocsin("demo", "--json", patience=PATIENCE, TMPDIR=str(place))

    assert done.returncode == 0, done.stdout + done.stderr
    ledger = last_object(done.stdout)
    assert ledger["balanced"] is True
    assert ledger["problems"] == []
    assert ledger["accepted"] == ledger["in_cases"] > IN_CASES
    assert ledger["alerts_raised"] > 30
    assert ledger["delivered"] == ledger["expected_deliveries"] > 30
    assert ledger["in_portal"] > 30
    assert ledger["lost"] == ledger["duplicates"] == ledger["unforeseen"] == 0
    assert ledger["repeats"] > 0  # endpoints that hang up were told again, under the same id
    assert ledger["kills"] == 3
    assert 0 < ledger["seconds"] < (AIM if os.environ.get("CI") else PATIENCE)
    assert "SIGKILL: nats is dead" in done.stderr
    assert working_in(place) == []
    assert list(place.glob("tocsin-demo-*")) == []


def test_real_payloads_and_a_real_supplier_list_go_the_same_way(
    place: Path, real_data: Path
) -> None:
    done = tocsin(
        "demo", patience=PATIENCE, TMPDIR=str(place), TOCSIN_REAL_DATA=str(real_data.resolve())
    )

    assert done.returncode == 0, done.stdout
    assert f"Real data from {real_data.resolve()}: 7558 supplier rows" in done.stderr
    assert "30 WhatsApp updates" in done.stderr
    assert "The ledger is balanced" in done.stdout
    assert working_in(place) == []


def heed_interrupts() -> None:
    """Shells let what they start in the background ignore them, and so their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_it_leaves_nothing_either(
    place: Path, ending: signal.Signals
) -> None:
    demo = subprocess.Popen(
        [*COMMAND, "demo"],
        env=environment(TMPDIR=str(place)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - it sets one signal and no more
    )
    assert demo.stderr
    with demo.stderr:
        next(line for line in demo.stderr if "intake is dead" in line)
        demo.send_signal(ending)
        demo.stderr.read()

    assert demo.wait(60) == 130
    assert working_in(place) == []
    assert list(place.glob("tocsin-demo-*")) == []


def test_a_folder_without_real_data_is_told_before_anything_starts(place: Path) -> None:
    done = tocsin("demo", TMPDIR=str(place), TOCSIN_REAL_DATA=str(place))

    assert done.returncode == 7
    assert "does not hold what it should" in done.stderr
    assert list(place.iterdir()) == []
