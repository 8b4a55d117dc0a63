"""What an operator does at the keyboard, with everything running: up, send, dlq, doctor."""

import json
from pathlib import Path
from stat import S_IMODE
from typing import Any

from tests.support.shell import (
    last_object,
    tocsin,
)


def complaint(place: Path, **about: Any) -> str:
    """A file with a complaint, as a hotline would write it."""
    path = place.parent / "complaint.json"
    path.write_text(json.dumps({"words": "We have not been paid since March."} | about))
    return str(path)


def test_the_first_keys_are_kept_closed(running: Any, place: Path) -> None:
    kept = place / "keys.json"

    assert json.loads(kept.read_text()) == running["keys"]
    assert S_IMODE(kept.stat().st_mode) == 0o600
    assert set(running["keys"]) == {"hotline", "officer", "buyer"}


def test_a_complaint_is_sent_and_sending_it_again_is_the_same_one(
    running: Any, place: Path
) -> None:
    path = complaint(place, external_ref="call-17")

    first = tocsin("send", path, "--json", f"--data-dir={place}")
    again = tocsin("send", path, "--json", f"--data-dir={place}")
    reused = tocsin("send", complaint(place, external_ref="call-17", language="vi"),
                    f"--data-dir={place}")  # fmt: skip

    assert last_object(first.stdout)["receipt"]
    assert last_object(again.stdout) == last_object(first.stdout)
    assert reused.returncode == 6
    assert "was used for a complaint with other contents" in reused.stderr


def test_a_wrong_key_and_a_wrong_field_are_told_with_what_to_do(running: Any, place: Path) -> None:
    wrong_key = tocsin("send", complaint(place), "--key=guessed", f"--data-dir={place}")
    wrong_field = tocsin("send", complaint(place, issues="wages"), f"--data-dir={place}")

    assert wrong_key.returncode == 4
    assert "`tocsin up` shows the keys" in wrong_key.stderr
    assert wrong_field.returncode == 6
    assert "/issues" in wrong_field.stderr


def test_what_cannot_be_handled_is_listed_shown_retried_and_dropped(
    running: Any, place: Path
) -> None:
    where = f"--data-dir={place}"
    tocsin("send", complaint(place, issues=["wages.paid_in_seashells"]), where)

    [parked] = eventually_parked(where)
    number = str(parked["id"])
    shown = last_object(tocsin("dlq", "show", "cases", number, "--json", where).stdout)
    retried = tocsin("dlq", "retry", "cases", number, where)
    sick = tocsin("doctor", where)
    unconfirmed = tocsin("dlq", "drop", "cases", number, where)
    dropped = tocsin("dlq", "drop", "cases", number, "--yes", where)
    gone = tocsin("dlq", "show", "cases", number, where)

    assert (parked["service"], parked["reason"].split()[0]) == ("cases", "UnknownIssue")
    assert parked["retry_at"] is None
    assert shown["body"]["issues"] == ["wages.paid_in_seashells"]
    assert retried.returncode == 1
    assert f"tocsin dlq drop cases {number}" in retried.stderr
    assert sick.returncode == 1
    assert "tocsin dlq ls cases" in sick.stdout
    assert unconfirmed.returncode == 1
    assert dropped.returncode == 0
    assert gone.returncode == 5
    assert "Nothing is parked." in tocsin("dlq", "ls", where).stdout


def test_the_doctor_finds_everything_well(running: Any, place: Path) -> None:
    done = tocsin("doctor", "--json", f"--data-dir={place}")

    found = {check["what"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 0, found
    assert found["intake"]["found"] == f"ready at {running['services']['intake']['url']}"


def eventually_parked(where: str) -> list[Any]:
    """Wait until something is parked."""
    for _ in range(60):  # each look takes about half a second
        if found := last_object(tocsin("dlq", "ls", "--json", where).stdout):
            return found
    raise AssertionError("nothing was parked")
