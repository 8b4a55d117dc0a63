"""P2: nothing a worker said is anywhere in clear, and nothing green knows an id from amber.

Searched is every byte that Tocsin stores or sends, but for three things that are as they should
be: the answer in which a hotline is given a receipt; the officers' list of complaints whose
facility a person must find, which shows the facility as it was reported; and an event that does
not decode, which is kept as it came in its stream and among the parked events of its hearer.
"""

import base64
import json
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.promises import story as telling
from tests.promises import visits
from tests.promises.canaries import APP_SECRET, BROKEN, MARK, PHONE, PLAIN, SECRET_TOKEN
from tests.promises.story import CHANNEL, CONTROL, GREEN_PLACES, Story
from tests.support.hiding import Place, forms_of, forms_of_id, found
from tests.support.media_host import MediaHost, photo
from tests.support.receiver import Receiver
from tests.support.tocsin import Tocsin
from tests.support.traces import SEND_OFTEN, Collector


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncGenerator[Collector]:
    async with Collector().running() as listening:
        yield listening


@pytest.fixture(scope="module")
def chosen_settings(collector: Collector) -> dict[str, str]:
    plain = {"TOCSIN_OUTBOUND_PLAIN_HTTP": "true"}
    return {"TOCSIN_OTLP_ENDPOINT": collector.url, **plain, **SEND_OFTEN}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meta() -> AsyncGenerator[MediaHost]:
    async with MediaHost(SECRET_TOKEN, photo(MARK), PLAIN).running() as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(tocsin: Tocsin, receiver: Receiver, collector: Collector, meta: MediaHost) -> Story:
    return await telling.all_of_it(tocsin, receiver, collector, meta)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_every_disguise_is_seen_through(encoding: str, before: int) -> None:
    said = f"{'x' * before}{MARK} and more".encode(encoding)
    event = json.dumps({"words": MARK})
    disguises = [
        said,
        said.hex().encode(),
        said.hex().upper().encode(),
        base64.b64encode(said),
        base64.urlsafe_b64encode(said),
        event.encode(),
        json.dumps(event).encode(),
        json.dumps(event).replace("\\", "\\\\").encode(),
    ]

    for disguise in disguises:
        assert found(forms_of(MARK), [Place("somewhere", b"\0\1" + disguise + b"\2")])


CONTROLS = {
    "table intake.integration": CONTROL,
    "table cases.facility": CONTROL,
    "table cases.parked": CHANNEL,
    "table notifications.buyer": CONTROL,
    "table buyer_portal_api.organisation": CONTROL,
    "files of database tocsin_intake": CONTROL,
    "files of database tocsin_cases": CONTROL,
    "files of database tocsin_notifications": CONTROL,
    "files of database tocsin_buyer_portal_api": CONTROL,
    "other files of PostgreSQL": CONTROL,
    "attachments": CONTROL,
    "stream COMPLAINTS": CHANNEL,
    "stream CASES": CONTROL,
    "stream REGISTRY": CONTROL,
    "stream ALERTS": CONTROL,
    "stream BUYERS": CONTROL,
    "stream DELIVERIES": "tocsin.deliveries.succeeded.v1",
    "log intake": "intake_cases_complaint_status_changed: an event was parked",
    "log cases": "cases_complaints_received: an event was parked",
    "log notifications": '"service": "notifications"',
    "log buyer_portal_api": '"service": "buyer_portal_api"',
    "log nats": "Server is ready",
    "log postgres": "database system is ready",
    "log provision": "as declared",
    "metrics intake": "/v1/complaints",
    "metrics cases": "cases_complaints_received",
    "metrics notifications": "/v1/deliveries/{delivery_id}",
    "metrics buyer_portal_api": "/v1/alerts/{alert_id}",
    "traces": "/v1/complaints",
    "errors": "not_authenticated",
    "webhooks": "alert.raised",
    "answers to buyers": CONTROL,
}


async def test_every_place_that_is_searched_is_read(story: Story) -> None:
    places = {place.name: place for place in story.everything}

    for name, control in CONTROLS.items():
        assert found(forms_of(control), [places[name]]), name
    for place in story.everything:
        assert place.name in CONTROLS or place.name.startswith(("table ", "files of database "))
    for alert_id in story.alert_ids:
        assert len(found(forms_of_id(alert_id), story.green)) > len(GREEN_PLACES) / 2


@pytest.mark.parametrize("canary", [MARK, PLAIN, PHONE, APP_SECRET, SECRET_TOKEN])
async def test_nothing_a_worker_or_hotline_said_is_anywhere(story: Story, canary: str) -> None:
    assert found(forms_of(canary), story.everything) == []


async def test_no_receipt_is_anywhere(story: Story) -> None:
    for receipt in set(story.told.receipts):
        for written in (receipt, receipt.replace(" ", "")):
            assert found(forms_of(written), story.everything) == []


async def test_no_key_is_anywhere(story: Story) -> None:
    for key in story.keys:
        assert found(forms_of(key), story.everything) == []


async def test_what_does_not_decode_is_only_where_it_is_kept(story: Story) -> None:
    kept = {
        *("stream COMPLAINTS", "table cases.parked", "files of database tocsin_cases"),
        *("stream CASES", "table intake.parked", "files of database tocsin_intake"),
        "other files of PostgreSQL",
    }
    elsewhere = [place for place in story.everything if place.name not in kept]

    assert found(forms_of(BROKEN), elsewhere) == []


async def test_errors_of_every_kind_were_provoked(story: Story) -> None:
    assert {answer.status for answer in story.errors} >= {400, 401, 404, 405, 413, 422}
    assert all(answer.status < 500 for answer in story.errors)
    assert {answer.content_type for answer in story.errors} == {"application/problem+json"}


async def test_who_came_to_the_page_shows_in_no_log_metric_or_trace(story: Story) -> None:
    watched = [
        one for one in story.everything if one.name.startswith(("log ", "metrics ", "traces"))
    ]
    places = {place.name: place for place in watched}

    assert {answer.status for answer in story.visited} == {200, 404, 405, 422}
    for shown in ("metrics intake", "traces"):
        assert found(forms_of(visits.ROUTE), [places[shown]]), "the control: visits are counted"
    for name in (visits.HOST, visits.NAME):
        assert found(forms_of(name), story.everything), "the control: an operator set it up"
        assert found(forms_of(name), watched) == []


async def test_no_id_from_amber_is_in_any_green_byte(story: Story) -> None:
    assert len(story.amber_ids) > 50, "the control: there are ids to look for"

    for amber_id in story.amber_ids:
        assert found(forms_of_id(amber_id), story.green) == []
