"""The declaration leaves no event out, and nobody may do more than the design says."""

import inspect
import json
import pkgutil
import re
from importlib import import_module
from uuid import UUID

import pytest

from tocsin_contracts import events
from tocsin_contracts.events.alerts import AlertRaised
from tocsin_contracts.events.base import Event
from tocsin_contracts.events.buyers import ReachChanged
from tocsin_contracts.events.complaints import ComplaintReceived, DisclosureHeld
from tocsin_contracts.events.deliveries import EndpointDisabled
from tocsin_contracts.permissions import (
    PROVISION,
    USERS,
    inbox_prefix,
    permissions_of,
    server_config,
)
from tocsin_contracts.streams import (
    BUYER_PORTAL_API,
    CASES,
    CONSUMERS,
    HEARERS,
    INTAKE,
    NOTIFICATIONS,
    SERVICES,
    STREAMS,
    VAULT_QUESTION,
    Zone,
    heard_by,
    stream_of,
    told_by,
)

STREAM_NAMES = tuple(stream.name for stream in STREAMS)
AMBER = tuple(stream.name for stream in STREAMS if stream.zone is Zone.AMBER)


def told_events() -> set[type[Event]]:
    """Every event that has a subject, found in the modules themselves."""
    modules = [
        import_module(f"{events.__name__}.{module.name}")
        for module in pkgutil.iter_modules(events.__path__)
    ]
    classes = [one for module in modules for _, one in inspect.getmembers(module, inspect.isclass)]
    return {one for one in classes if issubclass(one, Event) and hasattr(one, "subject")}


def matches(allowed: str, subject: str) -> bool:
    """Say whether NATS lets a permission cover a subject: `*` is one token, `>` the rest."""
    wanted = subject.split(".")
    tokens = allowed.split(" ")[0].split(".")  # after a space stands a queue group
    for place, token in enumerate(tokens):
        if token == ">":
            return len(wanted) > place
        if place >= len(wanted) or token not in ("*", wanted[place]):
            return False
    return len(tokens) == len(wanted)


def may(user: str, subject: str) -> bool:
    """Say whether a user may publish to a subject or subscribe to it."""
    permissions = permissions_of(user)
    return any(
        matches(allowed, subject) for allowed in (*permissions.publish, *permissions.subscribe)
    )


def test_every_event_with_a_subject_says_who_hears_it() -> None:
    assert told_events() == set(HEARERS)


@pytest.mark.parametrize("event", HEARERS, ids=lambda event: event.__name__)
def test_every_event_is_named_by_its_stream_and_its_aggregate(event: type[Event]) -> None:
    assert re.fullmatch(r"tocsin\.[a-z]+\.[a-z_]+\.v[1-9][0-9]*", event.subject)
    assert matches(stream_of(event).subjects, event.subject)
    assert event.__module__.endswith(f".{stream_of(event).name.lower()}")
    assert event.model_fields[event.identified_by].annotation is UUID
    assert event.kind


def test_subjects_are_unique() -> None:
    assert len({event.subject for event in HEARERS}) == len(HEARERS)


def test_an_event_travels_in_the_stream_its_subject_names() -> None:
    assert stream_of(DisclosureHeld).name == "COMPLAINTS"
    assert stream_of(AlertRaised).name == "ALERTS"
    assert stream_of(EndpointDisabled).name == "DELIVERIES"


def test_consumers_are_named_by_hearer_stream_and_fact() -> None:
    names = {(consumer.hearer, consumer.event): consumer.name for consumer in CONSUMERS}

    assert names[CASES, ComplaintReceived] == "cases_complaints_received"
    assert names[NOTIFICATIONS, ReachChanged] == "notifications_buyers_reach_changed"
    assert names[BUYER_PORTAL_API, AlertRaised] == "buyer_portal_api_alerts_raised"


def test_names_of_consumers_are_unique_and_fit_for_a_subject() -> None:
    names = [consumer.name for consumer in CONSUMERS]

    assert len(set(names)) == len(names) == sum(map(len, HEARERS.values()))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)


def test_nobody_hears_itself_or_is_unheard_of() -> None:
    for event, hearers in HEARERS.items():
        assert set(hearers) <= set(SERVICES)
        assert stream_of(event).teller not in hearers


def test_every_stream_has_one_teller_and_every_service_tells() -> None:
    told = [stream for service in SERVICES for stream in told_by(service)]

    assert len(told) == len(STREAMS)
    assert set(told) == set(STREAMS)
    assert all(told_by(service) for service in SERVICES)


def test_amber_stays_between_intake_and_cases() -> None:
    assert AMBER == ("COMPLAINTS", "CASES")
    for stream in STREAMS:
        if stream.zone is Zone.AMBER:
            assert stream.teller in (INTAKE, CASES)
    for consumer in CONSUMERS:
        if consumer.stream.zone is Zone.AMBER:
            assert consumer.hearer in (INTAKE, CASES)


def test_what_cases_tells_the_green_zone_carries_no_trace() -> None:
    for stream in STREAMS:
        leaves_amber = stream.zone is Zone.GREEN and stream.teller in (INTAKE, CASES)
        assert stream.unlinked == leaves_amber


@pytest.mark.parametrize("service", [NOTIFICATIONS, BUYER_PORTAL_API])
def test_a_green_service_may_name_nothing_amber(service: str) -> None:
    permissions = permissions_of(service)

    for allowed in (*permissions.publish, *permissions.subscribe):
        assert not {"COMPLAINTS", "CASES"} & set(allowed.upper().split("."))
        assert "intake" not in allowed


@pytest.mark.parametrize("service", [NOTIFICATIONS, BUYER_PORTAL_API])
@pytest.mark.parametrize("stream", AMBER)
def test_a_green_service_has_no_way_around_to_amber(service: str, stream: str) -> None:
    ways = [
        f"tocsin.{stream.lower()}.anything.v1",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.tocsin.{stream.lower()}.anything.v1",
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.SNAPSHOT.{stream}",
        f"$JS.API.CONSUMER.LIST.{stream}",
        *(f"{inbox_prefix(user)}.answer" for user in USERS if user != service),
        VAULT_QUESTION,
    ]
    for consumer in CONSUMERS:
        if consumer.stream.name == stream:
            ways += [
                f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer.name}",
                f"$JS.API.CONSUMER.INFO.{stream}.{consumer.name}",
                f"$JS.ACK.{stream}.{consumer.name}.1.1.1.1.1",
            ]

    assert [way for way in ways if may(service, way)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_create_or_delete_nothing(service: str) -> None:
    ways: list[str] = []
    for stream in (*STREAM_NAMES, "OTHER"):
        ways += [
            f"$JS.API.STREAM.{verb}.{stream}"
            for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "RESTORE", "MSG.DELETE")
        ]
        ways += [
            f"$JS.API.CONSUMER.{verb}.{stream}.{service}_anything"
            for verb in ("CREATE", "DURABLE.CREATE", "DELETE", "PAUSE")
        ]
        ways.append(f"$JS.API.CONSUMER.CREATE.{stream}")
        ways.append(f"$JS.API.CONSUMER.CREATE.{stream}.{service}_anything.tocsin.>")
    for consumer in heard_by(service):
        where = f"{consumer.stream.name}.{consumer.name}"
        ways += [
            f"$JS.API.CONSUMER.{verb}.{where}"
            for verb in ("CREATE", "DURABLE.CREATE", "DELETE", "PAUSE")
        ]

    assert [way for way in ways if may(service, way)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_asks_jetstream_only_for_its_own_consumers(service: str) -> None:
    asked = {one for one in permissions_of(service).publish if one.startswith("$JS.")}

    assert asked == {
        allowed
        for consumer in heard_by(service)
        for where in [f"{consumer.stream.name}.{consumer.name}"]
        for allowed in (
            f"$JS.API.CONSUMER.MSG.NEXT.{where}",
            f"$JS.API.CONSUMER.INFO.{where}",
            f"$JS.ACK.{where}.>",
        )
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_tells_only_its_own_streams(service: str) -> None:
    told = {one for one in permissions_of(service).publish if not one.startswith("$JS.")}

    asks = {VAULT_QUESTION} if service == CASES else set[str]()
    assert told == {stream.subjects for stream in told_by(service)} | asks


@pytest.mark.parametrize("user", USERS)
def test_a_user_listens_only_for_its_own_answers(user: str) -> None:
    questions = {f"{VAULT_QUESTION} {INTAKE}"} if user == INTAKE else set[str]()

    assert set(permissions_of(user).subscribe) == {f"{inbox_prefix(user)}.>"} | questions


def test_cases_asks_for_the_vault_and_intake_alone_answers() -> None:
    assert [user for user in USERS if may(user, VAULT_QUESTION)] == [INTAKE, CASES]
    assert [user for user in USERS if permissions_of(user).answers] == [INTAKE]
    assert VAULT_QUESTION not in permissions_of(INTAKE).publish


def test_provision_may_tell_no_event() -> None:
    assert not any(may(PROVISION, event.subject) for event in HEARERS)


def test_the_server_is_told_every_user_and_exactly_its_permissions() -> None:
    config = server_config({user: f"secret-{user}" for user in USERS}, store_dir="/data")

    assert "sync_interval: always" in config
    for user in USERS:
        [line] = re.findall(rf'user: {user}, password: "secret-{user}".*?\n(.*?\n.*?)\n', config)
        [publish, subscribe] = re.findall(r"allow: (\[.*?\])", line)
        permissions = permissions_of(user)
        assert json.loads(publish) == list(permissions.publish)
        assert json.loads(subscribe) == list(permissions.subscribe)
        assert ("allow_responses" in line) == permissions.answers


def test_a_user_without_a_password_is_an_error() -> None:
    with pytest.raises(KeyError):
        server_config({PROVISION: "secret"}, store_dir="/data")
