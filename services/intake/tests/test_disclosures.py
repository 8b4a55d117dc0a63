"""A hotline sees what buyers would be told, and holds it (protection D8)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from nats.aio.client import Client as Nats

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Level
from tocsin_contracts.events.cases import DisclosureIntended
from tocsin_contracts.events.complaints import DisclosureHeld
from tocsin_contracts.ids import new_amber_id

Header = dict[str, str]
HOLD = {"reason": "source_in_danger"}


async def a_hotline(intake: Client, operator: Header) -> tuple[UUID, list[Header]]:
    """An integration with two keys."""
    new = await intake.post("/v1/admin/integrations", json={"name": "Night"}, headers=operator)
    integration_id = new.json()["integration_id"]
    path = f"/v1/admin/integrations/{integration_id}/keys"
    second = await intake.post(path, json={}, headers=operator)
    keys = [new.json()["key"], second.json()["key"]]
    return UUID(integration_id), [intake.with_key(key) for key in keys]


def intended(integration_id: UUID) -> DisclosureIntended:
    now = datetime.now(UTC)
    return DisclosureIntended(
        occurred_at=now,
        intention_id=new_amber_id(),
        integration_id=integration_id,
        level=Level.BUYERS_UNVERIFIED,
        slot=now + timedelta(days=4),
        organisation_names=("Silver Heron Electronics",),
        country="VN",
        issue_group="wages",
    )


async def listed(intake: Client, key: Header) -> list[Any]:
    return (await intake.get("/v1/disclosures", headers=key)).json()["data"]


async def holds(told: Any) -> list[DisclosureHeld]:
    return [
        DisclosureHeld.model_validate_json(one.data)
        for one in await told("COMPLAINTS")
        if one.subject == DisclosureHeld.subject
    ]


async def test_a_hotline_sees_what_buyers_would_and_only_its_own(
    intake: Client, operator: Header, tell: Any, streams: Nats
) -> None:
    integration_id, [key, _] = await a_hotline(intake, operator)
    _, [other, _] = await a_hotline(intake, operator)
    event = intended(integration_id)

    await tell(event)

    [shown] = await eventually(lambda: listed(intake, key))
    assert shown["organisation_names"] == ["Silver Heron Electronics"]
    assert (shown["country"], shown["issue_group"]) == ("VN", "wages")
    assert await listed(intake, other) == []
    path = f"/v1/disclosures/{event.intention_id}/hold"
    assert (await intake.post(path, json=HOLD, headers=other)).status == 404


async def test_a_hold_lasts_30_days_and_is_renewed_by_two_people(
    intake: Client, operator: Header, tell: Any, told: Any
) -> None:
    integration_id, [one, other] = await a_hotline(intake, operator)
    event = intended(integration_id)
    await tell(event)
    await eventually(lambda: listed(intake, one))
    path = f"/v1/disclosures/{event.intention_id}"
    until = datetime.now(UTC).date() + timedelta(days=30)

    first = (await intake.post(f"{path}/hold", json=HOLD, headers=one)).json()
    assert (date.fromisoformat(first["held_until"]), first["renewal_asked"]) == (until, False)
    for _ in range(2):
        asked = (await intake.post(f"{path}/hold", json=HOLD, headers=one)).json()
        assert asked["renewal_asked"]
    renewed = (await intake.post(f"{path}/hold", json=HOLD, headers=other)).json()
    assert not renewed["renewal_asked"]
    released = (await intake.post(f"{path}/release", json=HOLD, headers=one)).json()
    assert released["held_until"] is None

    async def all_told() -> Any:
        found = await holds(told)
        return found if len(found) == 3 else None

    found = await eventually(all_told)
    assert [(one.version, one.held_until) for one in found] == [(1, until), (2, until), (3, None)]
    assert {one.reason for one in found} == {"source_in_danger"}


async def test_who_comes_after_its_slot_is_told_that_it_may_have_left(
    intake: Client, operator: Header, tell: Any, told: Any
) -> None:
    integration_id, [key, _] = await a_hotline(intake, operator)
    event = intended(integration_id).model_copy(update={"slot": datetime.now(UTC)})
    await tell(event)
    await eventually(lambda: listed(intake, key))

    late = await intake.post(f"/v1/disclosures/{event.intention_id}/hold", json=HOLD, headers=key)

    assert (late.status, late.json()["code"]) == (409, "too_late")
    [shown] = await listed(intake, key)
    assert shown["held_until"] is None
    assert await holds(told) == []


async def test_a_reason_must_be_a_code(intake: Client, operator: Header, tell: Any) -> None:
    integration_id, [key, _] = await a_hotline(intake, operator)
    event = intended(integration_id)
    await tell(event)
    await eventually(lambda: listed(intake, key))

    path = f"/v1/disclosures/{event.intention_id}/hold"
    refused = await intake.post(path, json={"reason": "because"}, headers=key)

    assert refused.status == 422
