"""Each NATS user may do what its row in the declaration says, and is refused everything else."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import nats
import pytest
import pytest_asyncio
from builders import a_complaint
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.api import ConsumerInfo
from nats.js.errors import APIError

from tocsin_common import provision
from tocsin_common.testing.fixtures import Tell, settled
from tocsin_common.testing.servers import Servers
from tocsin_contracts.permissions import PROVISION, USERS, inbox_prefix
from tocsin_contracts.streams import (
    CASES,
    CONSUMERS,
    INTAKE,
    SERVICES,
    STREAMS,
    VAULT_QUESTION,
    heard_by,
    told_by,
)


@dataclass
class User:
    """A connection, and what the server refused it."""

    name: str
    client: Client
    violations: list[str] = field(default_factory=list[str])

    async def publish(self, subject: str, reply: str = "") -> None:
        """Send a message to a subject, whatever comes of it."""
        await self.client.publish(subject, b"{}", reply)

    async def subscribe(self, subject: str) -> None:
        """Listen to a subject, whatever comes of it."""
        await self.client.subscribe(subject)

    async def is_refused(self, doing: Awaitable[None]) -> bool:
        """Do something; say whether the server refuses it."""
        before = len(self.violations)
        await doing
        await self.settled()  # a refusal arrives before the second answer
        return len(self.violations) > before

    async def settled(self) -> None:
        """Wait until the server has read everything that was said so far."""
        await settled(self.client)


Connect = Callable[[str], Awaitable[User]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def standing(servers: Servers) -> AsyncGenerator[Client]:
    """The streams as they stand, whatever is in them; the provisioning user's connection."""
    client = await nats.connect(
        servers.nats.url,
        user=PROVISION,
        password=servers.secrets.nats_password(PROVISION),
        inbox_prefix=inbox_prefix(PROVISION),
    )
    await provision.provision(client.jetstream(), provision.ProvisionSettings())
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def connect(servers: Servers, standing: Client) -> AsyncGenerator[Connect]:
    users: list[User] = []

    async def as_user(name: str) -> User:
        violations: list[str] = []

        async def note(error: Exception) -> None:
            if "permissions violation" in str(error).lower():
                violations.append(str(error))

        client = await nats.connect(
            servers.nats.url,
            user=name,
            password=servers.secrets.nats_password(name),
            inbox_prefix=inbox_prefix(name),
            error_cb=note,
        )
        users.append(User(name, client, violations))
        return users[-1]

    yield as_user
    for user in users:
        await user.client.close()


async def stored_in(streams: Client, stream: str) -> int:
    return (await streams.jetstream().stream_info(stream)).state.messages


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_tells_its_own_streams_and_no_other(
    service: str, connect: Connect, standing: Client
) -> None:
    user = await connect(service)
    own = told_by(service)
    before = {stream: await stored_in(standing, stream.name) for stream in STREAMS}

    for stream in STREAMS:
        subject = stream.subjects.replace(">", "something.v1")
        assert await user.is_refused(user.publish(subject)) == (stream not in own)

    assert own
    for stream in STREAMS:
        new = await stored_in(standing, stream.name) - before[stream]
        assert new == (1 if stream in own else 0)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_fetches_with_its_own_consumers_and_no_other(
    service: str, connect: Connect
) -> None:
    user = await connect(service)
    own = heard_by(service)
    inbox = user.client.new_inbox()

    for consumer in CONSUMERS:
        where = f"{consumer.stream.name}.{consumer.name}"
        for question in ("MSG.NEXT", "INFO"):
            asking = user.publish(f"$JS.API.CONSUMER.{question}.{where}", inbox)
            assert await user.is_refused(asking) == (consumer not in own)

    assert own


async def test_an_event_is_acknowledged_by_its_hearer_and_by_nobody_else(
    connect: Connect, tell: Tell, streams: Client
) -> None:
    await tell(a_complaint())
    hearer = await connect(CASES)
    subscription = await hearer.client.jetstream().pull_subscribe_bind(
        "cases_complaints_received", stream="COMPLAINTS"
    )
    [message] = await subscription.fetch(1, timeout=5)

    async def waiting() -> int | None:
        jetstream = streams.jetstream()
        info: ConsumerInfo = await jetstream.consumer_info(
            "COMPLAINTS", "cases_complaints_received"
        )
        return info.num_ack_pending

    for service in set(SERVICES) - {CASES}:
        user = await connect(service)
        assert await user.is_refused(user.publish(message.reply))
    assert await waiting() == 1

    assert not await hearer.is_refused(message.ack())
    assert await waiting() == 0


MANAGEMENT = [
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.CREATE.{stream}",
    "$JS.API.STREAM.UPDATE.{stream}",
    "$JS.API.STREAM.INFO.{stream}",
    "$JS.API.STREAM.DELETE.{stream}",
    "$JS.API.STREAM.PURGE.{stream}",
    "$JS.API.STREAM.MSG.GET.{stream}",
    "$JS.API.STREAM.MSG.DELETE.{stream}",
    "$JS.API.DIRECT.GET.{stream}",
    "$JS.API.CONSUMER.CREATE.{stream}",
    "$JS.API.CONSUMER.CREATE.{stream}.{consumer}",
    "$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{consumer}",
    "$JS.API.CONSUMER.DELETE.{stream}.{consumer}",
    "$JS.API.CONSUMER.PAUSE.{stream}.{consumer}",
    "$JS.API.CONSUMER.NAMES.{stream}",
]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_manages_neither_streams_nor_consumers(
    service: str, connect: Connect
) -> None:
    user = await connect(service)
    own = heard_by(service)[0]

    for stream in STREAMS:
        for question in MANAGEMENT:
            subject = question.format(stream=stream.name, consumer=own.name)
            assert await user.is_refused(user.publish(subject, user.client.new_inbox())), subject


async def test_the_provisioning_job_manages_them_but_cannot_empty_or_tell_a_stream(
    connect: Connect, tell: Tell
) -> None:
    await tell(a_complaint())
    user = await connect(PROVISION)
    jetstream = user.client.jetstream()

    await provision.provision(jetstream, provision.ProvisionSettings())
    with pytest.raises(APIError):
        await jetstream.purge_stream("COMPLAINTS")
    with pytest.raises(APIError):
        await jetstream.delete_msg("COMPLAINTS", 1)

    assert not user.violations
    for stream in STREAMS:
        assert await user.is_refused(user.publish(stream.subjects.replace(">", "x.v1")))


@pytest.mark.parametrize("name", USERS)
async def test_nobody_listens_to_streams_or_to_anybody_elses_answers(
    name: str, connect: Connect
) -> None:
    user = await connect(name)
    others = [other for other in USERS if other != name]
    foreign = [
        ">",
        "*",
        "tocsin.>",
        *(stream.subjects for stream in STREAMS),
        *(f"{inbox_prefix(other)}.>" for other in others),
        "_INBOX.>",
        "$JS.>",
        "$JS.ACK.>",
        "$SYS.>",
    ]

    for subject in foreign:
        assert await user.is_refused(user.subscribe(subject)), subject

    assert not await user.is_refused(user.subscribe(user.client.new_inbox()))


async def test_whoever_has_no_password_is_refused(servers: Servers) -> None:
    password = servers.secrets.nats_password(INTAKE)

    async def greeted(**credentials: str) -> bool:
        """Say the protocol's first words; say whether the server answers them."""
        address = urlsplit(servers.nats.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        await reader.readline()
        connect = {"verbose": False, "headers": True, "protocol": 1} | credentials
        writer.write(f"CONNECT {json.dumps(connect)}\r\nPING\r\n".encode())
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer == b"PONG\r\n"

    assert not await greeted()
    assert not await greeted(user=INTAKE, **{"pass": "guess"})
    assert not await greeted(user=CASES, **{"pass": password})
    assert await greeted(user=INTAKE, **{"pass": password})


# the one question between services


async def answering(intake: User) -> None:
    async def answer(question: Msg) -> None:
        await question.respond(b"sealed")

    await intake.client.subscribe(VAULT_QUESTION, queue=INTAKE, cb=answer)
    await intake.settled()


async def test_cases_asks_for_the_vault_and_intake_answers(connect: Connect) -> None:
    intake, cases = await connect(INTAKE), await connect(CASES)
    await answering(intake)

    answer = await cases.client.request(VAULT_QUESTION, b"?", timeout=5)

    assert answer.data == b"sealed"
    assert not intake.violations + cases.violations


@pytest.mark.parametrize("name", [user for user in USERS if user != CASES])
async def test_nobody_else_asks_for_the_vault(name: str, connect: Connect) -> None:
    user = await connect(name)
    if name != INTAKE:
        await answering(await connect(INTAKE))

    assert await user.is_refused(user.publish(VAULT_QUESTION, user.client.new_inbox()))


@pytest.mark.parametrize("name", [user for user in USERS if user != INTAKE])
async def test_nobody_else_hears_the_question(name: str, connect: Connect) -> None:
    user, cases = await connect(name), await connect(CASES)

    assert await user.is_refused(user.subscribe(VAULT_QUESTION))
    with pytest.raises(NoRespondersError):
        await cases.client.request(VAULT_QUESTION, b"?", timeout=5)


async def test_intake_answers_only_who_asked_and_only_once(connect: Connect) -> None:
    intake, cases = await connect(INTAKE), await connect(CASES)
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await intake.client.subscribe(VAULT_QUESTION, queue=INTAKE, cb=heard.put)
    await intake.settled()
    inbox = cases.client.new_inbox()

    assert await intake.is_refused(intake.publish(inbox))  # before it was asked

    await cases.publish(VAULT_QUESTION, inbox)
    question = await heard.get()
    assert not await intake.is_refused(intake.publish(question.reply))
    assert await intake.is_refused(intake.publish(question.reply))
