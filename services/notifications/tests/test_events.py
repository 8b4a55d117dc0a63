"""What those who write receivers are given: types, schemas, vectors, test events."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import an_alert, an_unverified_alert
from mailbox_server import Mailbox
from nacl.signing import VerifyKey
from pydantic import ValidationError
from receiver import Receiver
from scene import Scene
from standardwebhooks import Webhook, WebhookVerificationError
from test_mail import a_reader

from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import AlertState
from tocsin_notifications.events.catalogue import ALERTS, AN_ENDPOINT, CATALOGUE, read
from tocsin_notifications.events.vectors import AT, Vector, vectors
from tocsin_notifications.webhooks import payload

NOW = datetime(2026, 3, 3, 12, 0, 5, tzinfo=UTC)


def everything_that_is_sent() -> list[bytes]:
    alerts = [
        an_unverified_alert(),
        an_alert(),
        an_alert(version=2),
        an_alert(version=3, state=AlertState.CORRECTED),
        an_alert(version=4, state=AlertState.ENDED),
    ]
    return [
        *(payload.body_of(one, "https://portal.example") for one in alerts),
        payload.test_body(AN_ENDPOINT, NOW),
        payload.challenge_body(AN_ENDPOINT, NOW, "challenge"),
    ]


def test_whatever_is_sent_is_in_the_catalogue_and_as_it_says() -> None:
    types = {one.type for one in CATALOGUE}
    sent = [json.loads(body) for body in everything_that_is_sent()]

    for told in sent:
        shown = read(told).model_dump(mode="json", exclude_unset=True)
        assert shown["data"] == told["data"]
    assert {told["type"] for told in sent} == types


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.type)
def test_an_example_is_as_its_type_says(one: Any) -> None:
    read(one.example)

    with pytest.raises(ValidationError):
        read(one.example | {"data": {}})


def verifies(vector: Vector, secret: str) -> bool:
    try:
        Webhook(secret).verify(vector.body, vector.headers)
    except WebhookVerificationError:
        return False
    return True


def test_the_official_library_agrees_with_every_vector() -> None:
    """It looks at the clock, so they are made for now; only the time differs."""
    made = vectors(datetime.now(UTC))

    assert {one.says: verifies(one, made.secret) for one in made.vectors} == {
        one.says: one.valid for one in made.vectors
    }
    assert {one.valid for one in made.vectors} == {True, False}


def test_the_published_vectors_are_always_the_same_and_signed_by_both_keys() -> None:
    made = vectors()
    key = VerifyKey(base64.b64decode(made.public_key.removeprefix("whpk_")))

    assert made == vectors(AT)
    for vector in made.vectors[: len(CATALOGUE)]:
        head = vector.headers
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.{vector.body}".encode()
        by_scheme = dict(one.split(",") for one in head["webhook-signature"].split())
        assert key.verify(signed, base64.b64decode(by_scheme["v1a"])) == signed
        again = Webhook(made.secret).sign(head["webhook-id"], AT, vector.body)
        assert again == f"v1,{by_scheme['v1']}"


async def test_anybody_may_read_types_and_vectors(notifications: Client) -> None:
    for path in ("/v1/event-types", "/v1/webhook-test-vectors"):
        async with notifications.http.get(path) as answer:
            assert answer.status == 200
            assert await answer.json()


@pytest.mark.parametrize("event", ALERTS)
async def test_a_triggered_event_takes_the_real_way_and_says_that_it_is_a_test(
    notifications: Client, scene: Scene, receiver: Receiver, event: str
) -> None:
    buyer, other = await scene.buyer(), await scene.buyer()
    made = [await scene.endpoint(buyer, receiver.url(f"/{number}")) for number in range(2)]
    await scene.endpoint(other, receiver.url("/other"))

    planned = await scene.post(f"/v1/test/trigger/{event}", buyer, expect=202)
    await receiver.got(2)

    assert {hit.path for hit in receiver.hits} == {"/0", "/1"}
    for hit in receiver.hits:
        told = hit.verified_with(made[int(hit.path[1:])]["secret"])
        assert (told["type"], told["data"]["test"]) == (event, True)
        read(told)
    assert {one["purpose"] for one in planned["data"]} == {"test"}
    assert {hit.id for hit in receiver.hits} == {one["delivery_id"] for one in planned["data"]}


async def test_a_mail_address_gets_a_test_mail(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, _ = await a_reader(scene, mailbox)

    await scene.post("/v1/test/trigger/alert.raised", buyer, expect=202)
    [mail] = await mailbox.got(1)

    assert mail.message["Subject"] == "A test"


async def test_what_is_not_in_the_catalogue_or_has_nowhere_to_go_is_refused(
    notifications: Client, scene: Scene
) -> None:
    buyer = await scene.buyer()

    unknown = await scene.post("/v1/test/trigger/alert.leaked", buyer, expect=422)
    nowhere = await scene.post("/v1/test/trigger/alert.raised", buyer, expect=409)

    assert (unknown["code"], nowhere["code"]) == ("invalid", "no_endpoints")
