"""Who tells what in which stream, and who hears it: declared here once.

Permissions, consumers, provisioning, autoscaling and tests are all read from these tables.
"""

from dataclasses import dataclass
from enum import StrEnum

from tocsin_contracts.events.alerts import AlertCorrected, AlertEnded, AlertRaised, AlertUpdated
from tocsin_contracts.events.base import Event
from tocsin_contracts.events.buyers import BuyerChanged, KeyChanged, ReachChanged
from tocsin_contracts.events.cases import (
    ComplaintAcknowledged,
    ComplaintStatusChanged,
    DisclosureIntended,
    ReplyWritten,
)
from tocsin_contracts.events.complaints import (
    ComplaintReceived,
    ConsentChanged,
    DisclosureHeld,
    Erased,
    MessageAdded,
    Withdrawn,
)
from tocsin_contracts.events.deliveries import DeliveryFailed, DeliverySucceeded, EndpointDisabled
from tocsin_contracts.events.registry import FacilityChanged, LinkChanged, OrganisationChanged

INTAKE, CASES, NOTIFICATIONS = "intake", "cases", "notifications"
BUYER_PORTAL_API = "buyer_portal_api"
SERVICES = (INTAKE, CASES, NOTIFICATIONS, BUYER_PORTAL_API)

VAULT_QUESTION = "tocsin.intake.vault.open.v1"
"""The one question between services: cases asks intake (protection V2)."""


class Zone(StrEnum):
    """Which services may see it at all (design section 3)."""

    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True)
class Stream:
    """A JetStream stream: told by one service, kept for 35 days."""

    name: str
    teller: str
    zone: Zone
    unlinked: bool = False
    """The relay drops trace and request ids: this stream leaves amber (protection L1)."""

    @property
    def subjects(self) -> str:
        return f"tocsin.{self.name.lower()}.>"


STREAMS = (
    Stream("COMPLAINTS", INTAKE, Zone.AMBER),
    Stream("CASES", CASES, Zone.AMBER),
    Stream("REGISTRY", CASES, Zone.GREEN, unlinked=True),
    Stream("ALERTS", CASES, Zone.GREEN, unlinked=True),
    Stream("BUYERS", BUYER_PORTAL_API, Zone.GREEN),
    Stream("DELIVERIES", NOTIFICATIONS, Zone.GREEN),
)

HEARERS: dict[type[Event], tuple[str, ...]] = {
    ComplaintReceived: (CASES,),
    MessageAdded: (CASES,),
    ConsentChanged: (CASES,),
    Withdrawn: (CASES,),
    Erased: (CASES,),
    DisclosureHeld: (CASES,),
    ComplaintAcknowledged: (INTAKE,),
    ComplaintStatusChanged: (INTAKE,),
    ReplyWritten: (INTAKE,),
    DisclosureIntended: (INTAKE,),
    OrganisationChanged: (BUYER_PORTAL_API,),
    FacilityChanged: (BUYER_PORTAL_API,),
    LinkChanged: (BUYER_PORTAL_API,),
    AlertRaised: (NOTIFICATIONS, BUYER_PORTAL_API),
    AlertUpdated: (NOTIFICATIONS, BUYER_PORTAL_API),
    AlertCorrected: (NOTIFICATIONS, BUYER_PORTAL_API),
    AlertEnded: (NOTIFICATIONS, BUYER_PORTAL_API),
    BuyerChanged: (NOTIFICATIONS,),
    KeyChanged: (NOTIFICATIONS,),
    ReachChanged: (NOTIFICATIONS,),
    DeliverySucceeded: (BUYER_PORTAL_API,),
    DeliveryFailed: (BUYER_PORTAL_API,),
    EndpointDisabled: (),  # its buyer hears by mail, and sees it at its endpoints
}
"""Every fact, and the services that hear it."""

_BY_NAME = {stream.name: stream for stream in STREAMS}


def stream_of(event: type[Event]) -> Stream:
    """The stream an event travels in."""
    return _BY_NAME[event.subject.split(".")[1].upper()]


@dataclass(frozen=True)
class Consumer:
    """One durable pull consumer: one hearer, one fact."""

    hearer: str
    event: type[Event]

    @property
    def stream(self) -> Stream:
        return stream_of(self.event)

    @property
    def name(self) -> str:
        """Like `cases_complaints_received`."""
        _, stream, fact, _ = self.event.subject.split(".")
        return f"{self.hearer}_{stream}_{fact}"


CONSUMERS = tuple(
    Consumer(hearer, event) for event, hearers in HEARERS.items() for hearer in hearers
)


def told_by(service: str) -> tuple[Stream, ...]:
    """The streams a service tells."""
    return tuple(stream for stream in STREAMS if stream.teller == service)


def heard_by(service: str) -> tuple[Consumer, ...]:
    """The consumers a service listens with."""
    return tuple(consumer for consumer in CONSUMERS if consumer.hearer == service)
