"""Two traces, on purpose not one: POST → case, and release → webhook (protection L1)."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.support import world
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.traces import SEND_OFTEN, Collector, Span, connected_to
from tests.support.world import a_complaint, a_place
from tocsin_common.testing import eventually
from tocsin_contracts.events.alerts import AlertRaised
from tocsin_contracts.events.cases import ComplaintStatusChanged
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.events.deliveries import DeliverySucceeded

PLACE = a_place(1)
POST_TO_CASE = {
    ("intake", "POST /v1/complaints"),
    ("cases", f"hear {ComplaintReceived.subject}"),
    ("intake", f"hear {ComplaintStatusChanged.subject}"),
}
RELEASE_TO_WEBHOOK = {
    ("cases", f"release {AlertRaised.subject}"),
    ("notifications", f"hear {AlertRaised.subject}"),
    ("notifications", "deliver"),
    ("buyer_portal_api", f"hear {AlertRaised.subject}"),
    ("buyer_portal_api", f"hear {DeliverySucceeded.subject}"),
}
PLANTED = "0af7651916cd43dd8448eb211c80319c"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncGenerator[Collector]:
    async with Collector().running() as listening:
        yield listening


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def chosen_settings(collector: Collector) -> dict[str, str]:
    return {"TOCSIN_OTLP_ENDPOINT": collector.url, **SEND_OFTEN}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def spans(tocsin: Tocsin, receiver: Receiver, collector: Collector) -> list[Span]:
    """Every span of one complaint's way to a buyer, posted inside the hotline's own trace."""
    everybody = await world.build(tocsin, receiver, [PLACE])
    await everybody.hotline.ask(
        "POST",
        "/v1/complaints",
        json=a_complaint("Night line 1", PLACE),
        headers={"traceparent": f"00-{PLANTED}-b7ad6b7169203331-01"},
    )
    await eventually(lambda: receiver.hits, within=PATIENCE)
    await tocsin.quiet()

    def all_came() -> bool:
        came = {(span.service, span.name) for span in collector.spans()}
        return came >= POST_TO_CASE | RELEASE_TO_WEBHOOK

    await eventually(all_came, within=PATIENCE)
    return collector.spans()


def trace_of(spans: list[Span], name: str) -> str:
    """The one trace with a span of this name."""
    [trace_id] = {span.trace_id for span in spans if span.name == name}
    return trace_id


def names_in(spans: list[Span], trace_id: str) -> set[tuple[str, str]]:
    return {(span.service, span.name) for span in spans if span.trace_id == trace_id}


async def test_from_the_post_to_its_case_is_one_trace(spans: list[Span]) -> None:
    assert names_in(spans, trace_of(spans, "POST /v1/complaints")) == POST_TO_CASE


async def test_from_the_release_to_its_webhook_is_one_trace(spans: list[Span]) -> None:
    released = trace_of(spans, f"release {AlertRaised.subject}")

    assert names_in(spans, released) == RELEASE_TO_WEBHOOK


async def test_nothing_connects_the_two(spans: list[Span]) -> None:
    posted = trace_of(spans, "POST /v1/complaints")
    released = trace_of(spans, f"release {AlertRaised.subject}")

    assert len(connected_to(posted, spans)) > 1, "the control: groups that committed are linked"
    assert connected_to(posted, spans).isdisjoint(connected_to(released, spans))


async def test_a_trace_from_outside_is_never_adopted(spans: list[Span]) -> None:
    assert all(PLANTED not in (span.trace_id, *span.linked_to) for span in spans)


async def test_every_trace_begins_here(spans: list[Span]) -> None:
    known = {span.span_id for span in spans}

    assert all(span.parent_id in known for span in spans if span.parent_id)
