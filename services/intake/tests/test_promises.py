"""What intake promises whatever happens: durable before 201, nothing in clear, keyed hashes."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings

Header = dict[str, str]
CANARIES = {
    "words": "CANARY-words-heron",
    "contact": "CANARY-contact-4477",
    "facility": "CANARY-facility-egret",
    "handle": "CANARY-handle-8899",
    "reference": "CANARY-reference-12",
}


def with_canaries() -> dict[str, Any]:
    return a_complaint(
        external_ref=CANARIES["reference"],
        words=CANARIES["words"],
        contact=CANARIES["contact"],
        facility={"name": CANARIES["facility"], "country": "VN"},
        source={"kind": "phone", "handle": CANARIES["handle"]},
        consent={"contact_me": True},
    )


async def everything_stored(database: Database) -> str:
    """Every row of every table, as PostgreSQL prints it, bytes as hex and as text."""
    found: list[str] = []
    async with database.begin() as tx:
        names = (
            await tx.execute(text("select tablename from pg_tables where schemaname = 'public'"))
        ).scalars()
        for name in names.all():
            rows = await tx.execute(text(f'select t::text from "{name}" t'))  # noqa: S608
            found += rows.scalars().all()
    return "\n".join(found)


async def test_nothing_a_worker_said_is_stored_in_clear(
    intake: Client, hotline: Header, database: Database
) -> None:
    answer = await intake.post("/v1/complaints", json=with_canaries(), headers=hotline)
    receipt = answer.json()["receipt"]

    dump = await everything_stored(database)

    assert "wages.unpaid" in dump, "the positive control: codes are found"
    for canary in (*CANARIES.values(), receipt, receipt.replace(" ", ""), *hotline.values()):
        plain = canary.removeprefix("Bearer ")
        assert plain not in dump
        assert plain.encode().hex() not in dump


async def test_contact_is_kept_only_with_consent(
    intake: Client, hotline: Header, database: Database
) -> None:
    await intake.post(
        "/v1/complaints", json=a_complaint(contact="+84 000 000 003"), headers=hotline
    )

    async with database.begin() as tx:
        [contact] = (await tx.execute(text("select contact from vault_entry"))).scalars()
    assert contact is None


async def test_the_receipt_is_repeated_for_a_day_and_never_after_its_first_use(
    intake: Client, hotline: Header, database: Database
) -> None:
    async def again() -> tuple[int, Any]:
        answer = await intake.post("/v1/complaints", json=a_complaint(), headers=hotline)
        return answer.status, answer.json()

    async def change(assignment: str) -> None:
        async with database.begin() as tx:
            await tx.execute(text(f"update complaint set {assignment}"))  # noqa: S608

    _, first = await again()
    assert await again() == (201, first)

    await change("receipt_used_at = now()")
    assert await again() == (200, first | {"status": "already_received", "receipt": None})

    yesterday = datetime.now(UTC) - timedelta(hours=25)
    await change(f"receipt_used_at = null, received_at = '{yesterday.isoformat()}'")
    assert (await again())[1]["receipt"] is None


async def test_a_receipt_is_repeated_across_a_change_of_its_key(
    settings: Settings, database: Database, intake: Client, hotline: Header
) -> None:
    async def again(client: Client) -> Any:
        answer = await client.post("/v1/complaints", json=a_complaint(), headers=hotline)
        return answer.json()

    first, new_key = await again(intake), {"receipt_key": bytes(32)}
    turning = settings.model_copy(
        update={**new_key, "receipt_keys_before": (settings.receipt_key,)}
    )
    turned = settings.model_copy(update=new_key)

    async with serving(create_app(settings=turning)) as client:
        assert await again(client) == first
    async with serving(create_app(settings=turned)) as client:
        told_less = {"status": "already_received", "receipt": None}
        assert await again(client) == first | told_less


async def test_an_idempotency_key_means_the_same_quoted_or_not_and_with_a_reference(
    intake: Client, hotline: Header
) -> None:
    async def post(complaint: Any, **headers: str) -> Any:
        answer = await intake.post("/v1/complaints", json=complaint, headers={**hotline, **headers})
        return answer.json()["complaint_id"]

    complaint = a_complaint(external_ref=None)
    quoted = await post(complaint, **{"Idempotency-Key": '"rug-7"'})
    plain = await post(complaint, **{"Idempotency-Key": "rug-7"})
    other = await post(complaint, **{"Idempotency-Key": "rug-8"})

    assert quoted == plain
    assert other != quoted


async def test_chained_references_in_one_group_are_one_complaint(
    intake: Client, hotline: Header, database: Database
) -> None:
    async def post(key: str | None, reference: str) -> str:
        headers = {"Idempotency-Key": key} if key else {}
        answer = await intake.post(
            "/v1/complaints",
            json=a_complaint(external_ref=reference),
            headers={**hotline, **headers},
        )
        body = answer.json()
        return body.get("complaint_id") or body["code"]

    answers = await asyncio.gather(
        *(post("k1", "r1") for _ in range(20)), *(post(None, "r1") for _ in range(20))
    )

    assert len(set(answers)) == 1
    async with database.begin() as tx:
        pointers = (await tx.execute(text("select distinct complaint_id from acceptance"))).all()
    assert len(pointers) == 1


async def test_what_is_refused_under_one_name_takes_no_other_name_from_anybody(
    intake: Client, hotline: Header, database: Database
) -> None:
    async def post(key: str | None, reference: str | None, words: str) -> Any:
        headers = {**hotline, **({"Idempotency-Key": key} if key else {})}
        complaint = a_complaint(external_ref=reference, words=words)
        answer = await intake.post("/v1/complaints", json=complaint, headers=headers)
        return answer.status, answer.json()

    await post("key of a careless script", "first", "One worker's words.")
    refused = await post("key of a careless script", "second", "Another worker's words.")
    again, (joined, _) = await asyncio.gather(
        post(None, "second", "Another worker's words."),
        post("key of a careless script", "third", "A third one's words."),
    )
    message = {"external_ref": "third", "words": "More of the third one's."}
    lost = await intake.post("/v1/complaints/messages", json=message, headers=hotline)

    assert (refused[0], refused[1]["code"]) == (422, "reference_reused")
    assert (again[0], again[1]["status"]) == (201, "received")
    assert (joined, lost.status) == (422, 404), "nothing of the third was stored"


async def test_without_postgresql_it_answers_503_and_afterwards_stores_again(
    intake: Client, hotline: Header, database: Database, servers: Servers
) -> None:
    async def post(number: int) -> Any:
        return await intake.post(
            "/v1/complaints", json=a_complaint(external_ref=f"R-{number}"), headers=hotline
        )

    assert (await post(1)).status == 201
    servers.postgres.kill()  # pyright: ignore[reportAttributeAccessIssue]
    try:
        answer = await post(2)
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        assert answer.json()["code"] == "unavailable"
    finally:
        servers.postgres.start()  # pyright: ignore[reportAttributeAccessIssue]

    async def accepted() -> bool:
        return (await post(2)).status == 201

    await eventually(accepted)


async def test_without_nats_complaints_are_accepted_and_shipped_later(
    settings: Settings, database: Database, streams: Any, servers: Servers, told: Any
) -> None:
    servers.nats.kill()  # pyright: ignore[reportAttributeAccessIssue]
    try:
        async with serving(create_app(settings=settings)) as intake:
            operator = intake.with_key(settings.admin_key.get_secret_value())
            answer = await intake.post(
                "/v1/admin/integrations", json={"name": "Night line"}, headers=operator
            )
            hotline = intake.with_key(answer.json()["key"])
            answer = await intake.post("/v1/complaints", json=a_complaint(), headers=hotline)
            assert answer.status == 201
            complaint_id = answer.json()["complaint_id"]
            waiting = (await intake.get("/readyz")).json()
            assert not waiting["ready"]
            assert any("nats" in one for one in waiting["waiting_for"])

            servers.nats.start()  # pyright: ignore[reportAttributeAccessIssue]

            async def shipped() -> Any:
                return await told("COMPLAINTS")

            [message] = await eventually(shipped, within=20)
            assert json.loads(message.data)["complaint_id"] == complaint_id
    finally:
        servers.nats.start()  # pyright: ignore[reportAttributeAccessIssue]


async def test_hostile_bodies_make_clear_errors_that_echo_nothing(
    intake: Client, hotline: Header, database: Database
) -> None:
    secret = "CANARY-echo"
    bodies: list[tuple[bytes, int]] = [
        (b'{"words": "' + secret.encode(), 400),
        (json.dumps({"words": secret, "issues": [secret]}).encode(), 422),
        (json.dumps({"words": secret, secret: 1}).encode(), 422),
        (json.dumps({"words": f"{secret}\x00"}).encode(), 422),
        (b'{"words": "CANARY-echo \\ud800"}', 422),
        (json.dumps({"words": secret, "facility": {"os_id": secret}}).encode(), 422),
        (json.dumps({"words": secret, "consent": {"share": secret}}).encode(), 422),
        (b'{"words": "' + b"x" * 1_000_001 + b'"}', 413),
    ]
    for body, expected in bodies:
        answer = await intake.post(
            "/v1/complaints",
            data=body,
            headers={**hotline, "Content-Type": "application/json"},
        )
        shown = answer.text
        assert answer.status == expected, shown
        assert answer.content_type == "application/problem+json"
        assert secret not in shown
    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from complaint"))).scalar() == 0
