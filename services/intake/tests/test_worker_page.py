"""A worker on a cheap phone comes back: one address, no scripts, and the hotline's own name."""

import base64
import hashlib
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from browsing import HOST, NAME, PAGE, Browser
from builders import a_complaint

from tocsin_common.sealing import seal_to
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.events.cases import ReplyWritten
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.ids import new_amber_id
from tocsin_intake import receipts
from tocsin_intake.dialogue import guesses, phrases
from tocsin_intake.worker_page.languages import NAMES, words_of
from tocsin_intake.worker_page.rendering import SIZE

Header = dict[str, str]
EN = words_of("en")
FORBIDDEN = re.compile(r"tocsin|complain|hotline|whistle|monitor|grievance", re.IGNORECASE)


@pytest_asyncio.fixture(loop_scope="session")
async def phone(intake: Client, operator: Header) -> Browser:
    """At a page that an operator has set up."""
    new = await intake.post("/v1/admin/integrations", json={"name": "Line"}, headers=operator)
    put = await put_page(intake, operator, new.json()["integration_id"])
    assert put.status == 200, put
    browser = Browser(intake)

    async def served() -> bool:
        await browser.come()
        return browser.got.status == 200

    await eventually(served, within=60)
    return browser


async def put_page(intake: Client, operator: Header, integration: str, **changes: Any) -> Any:
    return await intake.request(
        "PUT",
        f"/v1/admin/integrations/{integration}/page",
        json=PAGE | changes,
        headers=operator | {"If-Match": "*"},
    )


async def a_receipt(intake: Client, hotline: Header, **changes: Any) -> str:
    answer = await intake.post("/v1/complaints", json=a_complaint(**changes), headers=hotline)
    assert answer.status == 201, answer
    return answer.json()["receipt"]


async def with_own_number(phone: Browser, receipt: str) -> None:
    """Come back, get a number and PIN that nobody else has seen, and go on with them."""
    await phone.come()
    await phone.submit("open", receipt=receipt)
    shown = await phone.submit("renew")
    assert EN["keep_number"] in shown.text
    await phone.submit("open")


async def test_a_worker_comes_back_with_nothing_but_a_number(
    phone: Browser, intake: Client, hotline: Header
) -> None:
    receipt = await a_receipt(intake, hotline)

    await phone.come()
    shown = await phone.submit("open", receipt=receipt.replace(" ", "-"))

    assert phone.got.status == 200
    assert phrases.phrase("en", "received") in shown.text
    assert datetime.now(UTC).date().isoformat() in shown.text


@pytest.mark.parametrize("language", NAMES)
async def test_it_speaks_the_language_of_the_phone_or_the_one_that_is_chosen(
    phone: Browser, intake: Client, hotline: Header, language: str
) -> None:
    receipt = await a_receipt(intake, hotline, language="es")
    words = words_of(language)
    phone.languages = f"xx;q=0.9, {language}-XX;q=0.8, en;q=0.1"

    shown = await phone.come()
    assert words["open"] in shown.text
    shown = await phone.submit("open", receipt=receipt)
    assert phrases.phrase(language, "received") in shown.text
    assert phone.got.headers["Content-Language"] == language
    [switch] = [one for one in shown.forms if "language" not in one]
    shown = await phone.send(switch | {"language": "vi"})
    assert phrases.phrase("vi", "received") in shown.text
    phone.languages = "xx"
    await phone.come()
    shown = await phone.send({"do": "open", "receipt": receipt})
    assert phrases.phrase("es", "received") in shown.text


def test_every_sentence_of_the_page_exists_in_every_language() -> None:
    catalogues = [words_of(language) for language in phrases.catalogue()]

    assert set(NAMES) == set(phrases.catalogue())
    assert all(set(one) == set(EN) and all(one.values()) for one in catalogues)
    assert not [text for text in EN.values() if FORBIDDEN.search(text)]


async def test_a_dialogue_is_read_and_written_without_a_script(
    phone: Browser, intake: Client, hotline: Header, told: Any, tell: Any
) -> None:
    receipt = await a_receipt(intake, hotline)
    await with_own_number(phone, receipt)
    assert EN["no_messages"] in phone.shown.text

    form = {**phone.shown.forms[_place(phone, "write")], "words": "The <b>foreman</b> & I."}
    for _ in range(2):  # a page that is loaded anew sends it again
        assert EN["sent"] in (await phone.send(form)).text
    await answered(told, tell, "مرحبا، هل أنت بخير؟")

    async def both() -> Any:
        shown = await phone.submit("open")
        return shown if EN["from_officer"] in shown.text else None

    shown = await eventually(both)
    assert shown.text.count("The <b>foreman</b> & I.") == 1
    assert "مرحبا، هل أنت بخير؟" in shown.text
    assert "<b>foreman" not in phone.got.text
    shared = Browser(intake)
    await shared.come()
    closed = await shared.submit("open", receipt=receipt)
    assert f"{EN['messages_closed']} 2" in closed.text
    assert "foreman" not in closed.text


async def answered(told: Any, tell: Any, words: str) -> None:
    async def received() -> Any:
        return [one for one in await told("COMPLAINTS") if "received" in one.subject]

    [message] = await eventually(received)
    event = ComplaintReceived.model_validate_json(message.data)
    assert event.public_key
    await tell(
        ReplyWritten(
            reply_id=new_amber_id(),
            complaint_id=event.complaint_id,
            sealed=seal_to(event.public_key, words.encode()),
            occurred_at=datetime.now(UTC),
        )
    )


def _place(phone: Browser, do: str) -> int:
    return [one.get("do") for one in phone.shown.forms].index(do)


async def test_consent_is_changed_and_what_it_means_is_said_before(
    phone: Browser, intake: Client, hotline: Header
) -> None:
    receipt = await a_receipt(intake, hotline, consent={"share": "not_asked"})
    await phone.come()
    shown = await phone.submit("open", receipt=receipt)
    offered = [given["value"] for _, given in shown.tags if given.get("name") == "share"]
    assert offered == ["not_asked", "refused"]  # a shared number agrees to nothing more
    assert EN["consent_note"] in shown.text

    await phone.submit("agree", share="given")
    assert phrases.phrase("en", "own_number_needed") in phone.shown.text
    await with_own_number(phone, receipt)
    await phone.submit("agree", share="given", contact_me="yes")
    assert EN["contact_missing"] in phone.shown.text
    await phone.submit("open")
    wide = {"share": "given", "supplier": "general", "contact_me": "yes"}
    await phone.submit("agree", **wide, contact="0990 111")
    assert EN["saved"] in phone.shown.text
    shown = await phone.submit("open")
    assert {**shown.forms[_place(phone, "agree")]} | wide == shown.forms[_place(phone, "agree")]
    await phone.submit("agree")
    assert EN["saved"] in phone.shown.text


async def test_it_is_taken_back_and_erased_only_by_whoever_is_sure(
    phone: Browser, intake: Client, hotline: Header
) -> None:
    receipt = await a_receipt(intake, hotline)
    await with_own_number(phone, receipt)

    unsure = await phone.submit("withdraw")
    assert (phone.got.status, EN["tick"] in unsure.text) == (422, True)
    await phone.submit("open")
    assert phrases.phrase("en", "received") in phone.shown.text
    taken = await phone.submit("withdraw", sure="yes")
    assert phrases.phrase("en", "withdrawn") in taken.text
    await phone.submit("open")
    assert {"write", "agree", "withdraw"}.isdisjoint(one.get("do", "") for one in phone.shown.forms)
    erased = await phone.submit("erase", sure="yes")
    assert phrases.phrase("en", "erased") in erased.text
    assert f"{EN['erased_on']} {datetime.now(UTC).date()}" in erased.text
    await phone.come()
    assert phrases.phrase("en", "unknown") in (await phone.submit("open", receipt=receipt)).text


async def test_words_that_did_not_arrive_can_be_sent_again(
    phone: Browser, intake: Client, hotline: Header
) -> None:
    receipt = await a_receipt(intake, hotline)
    await with_own_number(phone, receipt)
    form = phone.shown.forms[_place(phone, "write")]
    words = "They keep our passports."

    await phone.send(form | {"words": words + " " * 3 + "x" * 2000})
    again = phone.shown.forms[_place(phone, "write")]
    assert phone.got.status == 422
    assert again["words"].startswith(words)
    assert {**again, "words": ""} == {**form, "words": ""}
    await phone.submit("write", words=words)
    assert EN["sent"] in phone.shown.text


async def test_a_mistyped_number_comes_back_to_be_corrected(phone: Browser) -> None:
    number = receipts.new()
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)

    await phone.come()
    shown = await phone.submit("open", receipt=wrong)

    assert phone.got.status == 422
    assert EN["mistyped"] in shown.text
    assert shown.forms[0]["receipt"] == wrong


async def test_guesses_are_slowed_in_words(phone: Browser) -> None:
    await phone.come()
    for _ in range(guesses.FREE):
        shown = await phone.submit("open", receipt=receipts.new())
        assert phrases.phrase("en", "unknown") in shown.text

    shown = await phone.submit("open", receipt=receipts.new())

    assert phone.got.status == 429
    assert EN["slower"] in shown.text
    assert int(phone.got.headers["Retry-After"]) >= 1


async def test_nothing_of_it_is_seen_under_any_other_name(
    phone: Browser, intake: Client, operator: Header
) -> None:
    elsewhere = Browser(intake, host="intake.example.org")
    await elsewhere.come()
    for path in ("/", "/anything"):
        answer = await intake.get(path, headers={"Host": "other.example.org"})
        assert (answer.status, answer.json()["code"]) == (404, "not_found")
        assert NAME not in answer.text
    assert elsewhere.got.status == 404
    assert (await intake.get("/", headers={"Host": f"{HOST.upper()}.:8443"})).status == 200

    for path in ("/v1/receipts/open", "/v1/complaints", "/openapi.json", "/livez", "/v1/admin"):
        for method in ("GET", "POST"):
            answer = await intake.request(method, path, headers={"Host": HOST} | operator)
            assert (answer.status, answer.content_type) == (404, "text/html")
            assert not FORBIDDEN.search(answer.text + str(answer.headers))
    assert (await intake.request("PUT", "/", headers={"Host": HOST})).status == 405


async def test_a_page_may_have_a_name_in_every_language_and_go_away_again(
    phone: Browser, intake: Client, operator: Header
) -> None:
    new = await intake.post("/v1/admin/integrations", json={"name": "Other"}, headers=operator)
    other = new.json()["integration_id"]
    assert (await put_page(intake, operator, other)).json()["code"] == "host_taken"
    hosts = ["Heron.example.org", "heron.example.net"]
    named = await put_page(intake, operator, other, hosts=hosts, names={"vi": "Sổ tay"})
    assert named.status == 200, named
    address = f"/v1/admin/integrations/{other}/page"
    shown = (await intake.get(address, headers=operator)).json()
    assert (shown["hosts"], shown["names"]) == (
        ["heron.example.net", "heron.example.org"],
        {"vi": "Sổ tay"},
    )
    there = Browser(intake, host="heron.example.org", languages="vi")

    async def served() -> bool:
        await there.come()
        return "Sổ tay" in there.got.text

    await eventually(served, within=60)
    assert (await intake.request("DELETE", address, headers=operator)).status == 428
    gone = await intake.request("DELETE", address, headers=operator | {"If-Match": "*"})
    assert gone.status == 204
    assert (await intake.get(address, headers=operator)).json() is None

    async def vanished() -> bool:
        await there.come()
        return there.got.status == 404

    await eventually(vanished, within=60)


async def test_every_sheet_is_small_of_one_size_and_asks_for_nothing_elsewhere(
    phone: Browser, intake: Client, hotline: Header
) -> None:
    phone.languages = "th"  # the longest in bytes
    seen: list[str] = []
    async for sheet in every_sheet(phone, await a_receipt(intake, hotline)):
        seen.append(sheet)
        got = phone.got
        head = sum(len(name) + len(value) + 4 for name, value in got.headers.items())
        assert (len(got.text.encode()), sheet) == (SIZE, sheet)
        assert SIZE + head < 14 * 1024
        assert "Set-Cookie" not in got.headers
        assert "no-store" in got.headers["Cache-Control"]
        assert got.headers["Referrer-Policy"] == "no-referrer"
        assert got.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert got.headers["Content-Security-Policy"] == (
            f"default-src 'none'; style-src 'sha256-{style_hash(got.text)}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        assert not FORBIDDEN.search(got.text + str(got.headers))
        tags = phone.shown.tags
        assert {"script", "img", "iframe"}.isdisjoint(tag for tag, _ in tags)
        addresses = {given[name] for _, given in tags for name in ("href", "src") if name in given}
        assert addresses == {PAGE["leave_to"], "data:,"}
        forms = {(given["method"], given["action"]) for tag, given in tags if tag == "form"}
        assert forms == {("post", "/")}
    assert seen == ["start", "shared", "number", "own", "sent", "read", "older", "again"]


async def every_sheet(phone: Browser, receipt: str) -> AsyncGenerator[str]:
    """Each kind of sheet, with as much on it as there can be."""
    await phone.come()
    yield "start"
    await phone.submit("open", receipt=receipt)
    yield "shared"
    await phone.submit("renew")
    yield "number"
    await phone.submit("open")
    yield "own"
    await phone.submit("write", words="ก" * 2000)
    yield "sent"
    await phone.submit("open")
    yield "read"
    await phone.submit("open", part="1")
    yield "older"
    await phone.submit("write", words="ก" * 2001)
    yield "again"


def style_hash(html: str) -> str:
    style = html.partition("<style>")[2].partition("</style>")[0]
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


async def test_every_field_has_a_label_and_every_sheet_a_heading_and_a_language(
    phone: Browser, intake: Client, hotline: Header
) -> None:
    phone.languages = "es"
    async for sheet in every_sheet(phone, await a_receipt(intake, hotline)):
        shown = phone.shown
        tags = [tag for tag, _ in shown.tags]
        assert set(shown.named) <= shown.labels, sheet
        assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
        [html] = [given for tag, given in shown.tags if tag == "html"]
        assert html == {"lang": "es", "dir": "ltr"}
        fields = [given for tag, given in shown.tags if tag in {"input", "textarea"}]
        unnamed = [one for one in fields if one.get("type") in {"text", None} and "id" not in one]
        assert unnamed == []
        words = [given for _, given in shown.tags if given.get("class") == "words"]
        assert all(given["dir"] == "auto" for given in words)
