"""What an operator does about the vault and erasures at the keyboard, with everything running."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.shell import last_object, tocsin


def a_complaint(place: Path, reference: str) -> str:
    """Send one, and return its id."""
    path = place.parent / f"{reference}.json"
    path.write_text(json.dumps({"words": "They keep our passports.", "external_ref": reference}))
    sent = tocsin("send", str(path), "--json", f"--data-dir={place}")
    return last_object(sent.stdout)["complaint_id"]


def test_a_complaint_is_erased_listed_scrubbed_and_stays_erased(running: Any, place: Path) -> None:
    where = f"--data-dir={place}"
    complaint_id = a_complaint(place, "to-be-erased")

    erased = tocsin("erasures", "erase", complaint_id, "--yes", "--json", where)
    listed = tocsin("erasures", "ls", "--json", where)
    plain = tocsin("erasures", "ls", where)
    scrubbed = tocsin("erasures", "scrub", "--json", where)
    again = tocsin("erasures", "scrub", where)

    certificate = json.loads(json.loads(erased.stdout)["certificate"])
    assert certificate["complaint_id"] == complaint_id
    assert complaint_id in [one["complaint_id"] for one in json.loads(listed.stdout)]
    assert complaint_id in plain.stdout.splitlines()
    assert json.loads(scrubbed.stdout) == {"rewritten": True, "log_replaced": True}
    assert "Nothing was erased since the last time." in again.stdout

    ledger = place.parent / "ledger"
    ledger.write_text(plain.stdout)
    replayed = tocsin("erasures", "replay", str(ledger), "--json", where)
    assert json.loads(replayed.stdout) == {"erased_again": 0}


def test_erasing_what_is_not_there_and_ledgers_that_are_none_say_what_to_do(
    running: Any, place: Path
) -> None:
    where = f"--data-dir={place}"
    torn = place.parent / "torn"
    torn.write_text("no id at all\n")

    unknown = tocsin("erasures", "erase", str(uuid4()), "--yes", where)
    missing = tocsin("erasures", "replay", str(place / "nowhere"), where)
    no_ledger = tocsin("erasures", "replay", str(torn), where)
    nothing_runs = tocsin("erasures", "ls", f"--data-dir={place.parent / 'elsewhere'}")

    assert all(one.returncode for one in (unknown, missing, no_ledger, nothing_runs))
    assert "Name a file." in missing.stderr
    assert "has a line that is no id" in no_ledger.stderr
    assert "no id at all" not in no_ledger.stderr
    assert "tocsin up" in nothing_runs.stderr
    assert "Traceback" not in "".join(
        one.stderr for one in (unknown, missing, no_ledger, nothing_runs)
    )


def test_every_data_key_is_wrapped_anew(running: Any, place: Path) -> None:
    a_complaint(place, "under-the-current-key")

    rotated = tocsin("vault", "rotate", "--json", f"--data-dir={place}")
    plain = tocsin("vault", "rotate", f"--data-dir={place}")

    assert json.loads(rotated.stdout)["left"] == 0
    assert "0 are left under older keys." in plain.stdout


def test_the_record_of_openings_is_verified_and_a_cut_one_is_told(
    running: Any, place: Path
) -> None:
    where = f"--data-dir={place}"

    intact = tocsin("verify", "--json", where)
    plain = tocsin("verify", where)
    remembered = place / "access-log.json"
    kept = remembered.read_text()
    remembered.write_text(json.dumps({"seq": 10_000, "hash": json.loads(kept)["hash"]}))
    cut = tocsin("verify", where)
    remembered.write_text(kept)

    assert json.loads(intact.stdout)["intact"] is True
    assert "openings on record" in plain.stdout
    assert cut.returncode == 1
    assert "Keep the database and its backups as they are" in cut.stderr
