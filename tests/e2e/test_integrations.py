"""What an operator does for a hotline at the keyboard: connect, try, import, replay, reconcile."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.shell import last_object, tocsin

SECRET = "whsec_" + "QW4gaW52ZW50ZWQgc2VjcmV0IG9mIDMyIGJ5dGVz"


@pytest.fixture(scope="module")
def where(running: Any, place: Path) -> str:
    return f"--data-dir={place}"


def written(place: Path, name: str, content: str) -> str:
    path = place.parent / name
    path.write_text(content)
    return str(path)


def create(where: str, place: Path, adapter: str, **settings: Any) -> Any:
    path = written(place, f"{adapter}.json", json.dumps(settings))
    done = tocsin("integrations", "create", f"A {adapter}", f"--adapter={adapter}",
                  f"--settings={path}", "--json", where)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return last_object(done.stdout)


def listed(where: str, *arguments: str) -> Any:
    return last_object(tocsin("integrations", *arguments, "--json", where).stdout)


def test_an_integration_is_created_shown_rotated_and_put_to_rest(where: str, place: Path) -> None:
    secrets = {"app_secret": "CANARY-secret", "verify_token": "CANARY-token"}
    new = create(where, place, "whatsapp_cloud", whatsapp_cloud=secrets)
    own = new["integration_id"]

    assert new["address"].endswith(f"/v1/integrations/{own}/whatsapp-cloud")
    assert own in {one["integration_id"] for one in listed(where, "ls")}
    shown = tocsin("integrations", "show", own, "--json", where).stdout
    assert "CANARY" not in shown
    assert listed(where, "rotate", own, "--overlap-hours=1")["key"].startswith("tcs_live_")
    assert listed(where, "key", own, "--test")["key"].startswith("tcs_test_")
    assert (
        len(last_object(tocsin("integrations", "show", own, "--json", where).stdout)["keys"]) == 3
    )
    assert listed(where, "disable", own)["disabled"] is True
    assert listed(where, "enable", own)["disabled"] is False


def test_a_hotlines_workers_get_a_page_under_a_neutral_name(where: str, place: Path) -> None:
    own = create(where, place, "native")["integration_id"]
    page = ("page", own, "--host=Notes.example.org", "--name=Silver Heron Notes")

    served = listed(where, *page, "--leave-to=https://weather.example.com/", "--name-in=vi=Sổ tay")
    refused = tocsin("integrations", *page, "--leave-to=http://weather.example.com/", where)

    assert served["hosts"] == ["notes.example.org"]
    assert served["names"] == {"vi": "Sổ tay"}
    assert refused.returncode != 0


def test_a_payload_is_tried_and_nothing_is_stored(where: str, place: Path) -> None:
    ours = {"secret": SECRET, "mapping": {"words": "said"}}
    own = create(where, place, "generic", generic=ours)["integration_id"]
    good = written(place, "good.json", '{"said": "No fans in the hall."}')
    strange = written(place, "strange.json", '{"x": 1}')

    tried = listed(where, "try", own, good)
    aside = tocsin("integrations", "try", own, strange, where)

    assert [one["words"] for one in tried["complaints"]] == ["No fans in the hall."]
    assert "Would be set aside: nothing_said" in aside.stdout
    assert "Nothing is in the quarantine." in tocsin(
        "integrations", "quarantine", "ls", where
    ).stdout  # fmt: skip


def test_a_table_is_imported_once_and_what_is_refused_is_told_without_its_value(
    where: str, place: Path
) -> None:
    rows = ["words;country", *(f"Complaint {number};VN" for number in range(120)), "CANARY;nowhere"]
    table = written(place, "table.csv", "\n".join(rows))

    dry = tocsin("integrations", "import", table, "--dry-run", where)
    done = tocsin("integrations", "import", table, "--json", where)
    given = place.parent / "receipts.csv"
    again = tocsin("integrations", "import", table, "--json", f"--receipts={given}", where)
    missing = tocsin("integrations", "import", str(place / "none.csv"), where)

    assert dry.returncode == 1
    assert "120 would be taken" in dry.stdout
    assert "string_pattern_mismatch" in dry.stdout
    assert "1 rows were refused" in dry.stderr
    assert last_object(done.stdout)["accepted"] == 120
    assert last_object(done.stdout)["refused"] == [
        {"row": 122, "field": "facility_country", "reason": "string_pattern_mismatch"}
    ]
    assert last_object(again.stdout)["repeated"] == 120
    assert "receipts" not in again.stdout
    assert given.stat().st_mode & 0o777 == 0o600
    header, first, *others = given.read_text().splitlines()
    assert (header, first[:2], len(others)) == ("row,receipt", "2,", 119)
    assert "CANARY" not in dry.stdout + dry.stderr + done.stdout + done.stderr
    assert missing.returncode == 7


class _Kobo(BaseHTTPRequestHandler):
    """Plays KoboToolbox: two pages of submissions for whoever shows the token."""

    submissions: ClassVar[list[Any]] = []

    def do_GET(self) -> None:
        if self.headers["Authorization"] != "Token kobo-token":
            self.send_response(401)
            self.end_headers()
            return
        asked = parse_qs(urlsplit(self.path).query)
        start = int(asked.get("start", ["0"])[0])
        host = self.headers["Host"]
        more = start + 2 < len(self.submissions)
        page = {
            "count": len(self.submissions),
            "next": f"http://{host}/api/v2/assets/a1/data/?start={start + 2}" if more else None,
            "results": self.submissions[start : start + 2],
        }
        body = json.dumps(page).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        _ = format, args  # a test's output is for its result


@pytest.fixture
def kobo() -> Generator[str]:
    _Kobo.submissions = [
        {"_uuid": f"u{number}", "report/words": f"Told {number}"} for number in range(3)
    ]
    with ThreadingHTTPServer(("127.0.0.1", 0), _Kobo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_kobo_did_not_send_is_pulled_and_replayed_from_the_quarantine(
    where: str, place: Path, kobo: str
) -> None:
    new = create(where, place, "kobo")
    own = new["integration_id"]
    key = str(new["key"])
    pull = ("integrations", "reconcile", own, "--asset=a1", f"--kobo={kobo}", "--json", where)

    def pulled(token: str) -> Any:
        return tocsin(*pull, TOCSIN_HOTLINE_KEY=key, TOCSIN_KOBO_TOKEN=token)

    first = pulled("kobo-token")
    _Kobo.submissions.append({"_uuid": "u9", "nothing": {"in": "it"}})
    second = pulled("kobo-token")
    wrong = pulled("guessed")

    assert last_object(first.stdout) == {"submissions": 3}
    assert last_object(second.stdout) == {"submissions": 4}
    assert wrong.returncode == 6
    [kept] = listed(where, "quarantine", "ls")
    assert (kept["integration_id"], kept["reason"]) == (own, "nothing_said")
    number = kept["quarantined_id"]
    still = tocsin("integrations", "quarantine", "replay", number, where)
    assert still.returncode == 1
    assert f"quarantine drop {number}" in still.stderr
    assert tocsin("integrations", "quarantine", "drop", number, where).returncode == 1
    assert tocsin("integrations", "quarantine", "drop", number, "--yes", where).returncode == 0
    assert listed(where, "quarantine", "ls") == []
