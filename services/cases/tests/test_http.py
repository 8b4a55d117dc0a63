"""Cases as operators and officers meet it, over HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from builders import a_complaint, a_facility
from conftest import Header
from stage import Stage

from tocsin_common.sealing import Box
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client


async def get(cases: Client, path: str, header: Header, **params: Any) -> Any:
    answer = await cases.http.get(path, params=params, headers=header)
    assert answer.status == 200, await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    return await answer.json()


async def send(cases: Client, method: str, path: str, header: Header, body: Any = None) -> Any:
    answer = await cases.http.request(method, path, json=body, headers=header)
    return answer.status, (await answer.json() if answer.status != 204 else None)


async def import_one(cases: Client, operator: Header, **changes: Any) -> Any:
    return await send(
        cases,
        "POST",
        "/v1/admin/registry/import",
        operator,
        {"facilities": [a_facility(1, **changes)]},
    )


async def test_a_complaint_goes_from_a_proposal_to_an_alert_and_its_end(
    cases: Client, operator: Header, officer: Header, stage: Stage, intake_box: Box
) -> None:
    status, imported = await import_one(cases, operator)
    assert (status, imported["facilities"]) == (200, {"new": 1, "changed": 0})
    complaint = a_complaint(
        intake_box,
        os_id=None,
        facility_name="SILVER heron assembly, 1",
        facility_address="behind the blue gate",
        occurred_at=datetime.now(UTC),
    )
    await stage.hear(complaint)

    [waiting] = (await get(cases, "/v1/complaints/waiting", officer))["data"]
    assert waiting["complaint_id"] == str(complaint.complaint_id)
    assert waiting["match"] == "proposed"
    assert waiting["facility_name"] == "SILVER heron assembly, 1"
    assert waiting["facility_address"] == "behind the blue gate"
    [proposal] = waiting["proposals"]
    assert proposal["name"] == "Silver Heron Assembly 1"
    assert {one["role"] for one in proposal["organisations"]} == {"operator", "brand"}

    path = f"/v1/complaints/{complaint.complaint_id}/match"
    body = {"facility_id": proposal["facility_id"]}
    first, again = [await send(cases, "POST", path, officer, body) for _ in range(2)]
    assert first == again
    assert (first[0], first[1]["match"], first[1]["status"]) == (200, "matched", "in_review")
    assert (await get(cases, "/v1/complaints/waiting", officer))["data"] == []
    [case] = (await get(cases, "/v1/cases", officer))["data"]
    assert (case["issue_group"], case["complaints"]) == ("wages", 1)
    opened = await get(cases, f"/v1/cases/{case['case_id']}", officer)
    assert [one["complaint_id"] for one in opened["complaints_in_it"]] == [
        str(complaint.complaint_id)
    ]

    async def alerts() -> Any:
        return (await get(cases, "/v1/alerts", officer))["data"]

    [alert] = await eventually(alerts)
    assert alert["statement"]["state"] == "active"
    [intention] = (await get(cases, "/v1/intentions", officer))["data"]
    assert intention["held_until"] is None
    status, ending = await send(cases, "POST", f"/v1/alerts/{alert['alert_id']}/end", officer)
    assert status == 202
    assert datetime.fromisoformat(ending["leaves_at"]).microsecond == 0

    async def ended() -> Any:
        return [one for one in await alerts() if one["statement"]["state"] == "ended"]

    await eventually(ended)
    ledger = await get(cases, "/v1/admin/ledger", operator)
    assert ledger["complaints"] == {"matched": 1, "proposed": 0, "unmatched": 0, "total": 1}
    assert ledger["alerts"] == {"raised": 1, "active": 0, "versions": 2}
    moves = [row[0] for row in await stage.rows("select move from audit order by id")]
    assert moves == ["officer_created", "suppliers_imported", "complaint_matched", "alert_ended"]


async def test_every_move_of_an_officer_is_on_record(
    cases: Client, operator: Header, officer: Header, stage: Stage, intake_box: Box
) -> None:
    await import_one(cases, operator)
    complaint = a_complaint(intake_box, os_id=None)
    await stage.hear(complaint)
    [waiting] = (await get(cases, "/v1/complaints/waiting", officer))["data"]
    [proposal] = waiting["proposals"]
    path = f"/v1/complaints/{complaint.complaint_id}"

    status, _ = await send(cases, "DELETE", f"{path}/proposals/{proposal['facility_id']}", officer)

    assert status == 204
    [waiting] = (await get(cases, "/v1/complaints/waiting", officer))["data"]
    assert (waiting["match"], waiting["proposals"]) == ("unmatched", [])
    status, problem = await send(
        cases, "DELETE", f"{path}/proposals/{proposal['facility_id']}", officer
    )
    assert (status, problem["code"]) == (404, "not_found")
    [(officer_id, subject, facility)] = await stage.rows(
        "select officer_id, subject_id, object_id from audit where move = 'proposal_rejected'"
    )
    assert officer_id is not None
    assert (subject, str(facility)) == (complaint.complaint_id, proposal["facility_id"])


async def test_matching_lets_the_reported_words_go_and_tells_the_worker(
    cases: Client, operator: Header, officer: Header, stage: Stage, intake_box: Box, told: Any
) -> None:
    await import_one(cases, operator)
    complaint = a_complaint(intake_box, os_id=None, facility_name="The place by the river")
    await stage.hear(complaint)
    found = await get(cases, "/v1/facilities", officer, country="VN", name="silver HERON")
    [facility] = found["data"]

    await send(
        cases,
        "POST",
        f"/v1/complaints/{complaint.complaint_id}/match",
        officer,
        {"facility_id": facility["facility_id"]},
    )

    assert await stage.rows("select sealed from complaint") == [(None,)]

    async def statuses() -> Any:
        return len(await told("CASES")) >= 2

    await eventually(statuses)
    bodies = b"".join(message.data for message in await told("CASES"))
    assert b'"status":"facility_unknown"' in bodies
    assert b'"version":2' in bodies
    assert b'"status":"in_review"' in bodies
    assert await stage.rows("select plain_name from facility") == [("silver heron assembly 1",)]


async def test_a_complaint_without_codes_is_given_them_by_a_person(
    cases: Client, operator: Header, officer: Header, stage: Stage, intake_box: Box
) -> None:
    await import_one(cases, operator)
    complaint = a_complaint(intake_box, issues=())
    await stage.hear(complaint)
    [waiting] = (await get(cases, "/v1/complaints/waiting", officer))["data"]
    [proposal] = waiting["proposals"]
    path = f"/v1/complaints/{complaint.complaint_id}/match"
    body: dict[str, Any] = {"facility_id": proposal["facility_id"]}

    assert (await send(cases, "POST", path, officer, body))[1]["code"] == "issues_missing"
    body["issues"] = ["wages.unheard_of"]
    assert (await send(cases, "POST", path, officer, body))[1]["code"] == "unknown_issue"
    body["issues"] = ["wages.unpaid", "hours.no_rest"]
    status, matched = await send(cases, "POST", path, officer, body)

    assert (status, matched["issues"]) == (200, ["wages.unpaid", "hours.no_rest"])
    assert len((await get(cases, "/v1/cases", officer))["data"]) == 2


async def test_a_match_that_cannot_be_is_refused_and_changes_nothing(
    cases: Client, operator: Header, officer: Header, stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1), a_facility(2)])
    complaint, other = a_complaint(intake_box), a_complaint(intake_box, os_id=None)
    await stage.hear(complaint, other)
    facilities = await get(cases, "/v1/admin/registry/facilities", operator)
    one, two = (facility["facility_id"] for facility in facilities["data"])
    matched_to = (await get(cases, f"/v1/complaints/{complaint.complaint_id}", officer))[
        "facility_id"
    ]

    async def refusal(complaint_id: UUID, body: Any) -> tuple[int, str]:
        status, problem = await send(
            cases, "POST", f"/v1/complaints/{complaint_id}/match", officer, body
        )
        return status, problem["code"]

    elsewhere = two if matched_to == one else one
    assert await refusal(complaint.complaint_id, {"facility_id": elsewhere}) == (
        409, "already_matched",
    )  # fmt: skip
    assert await refusal(uuid4(), {"facility_id": one}) == (404, "not_found")
    assert await refusal(other.complaint_id, {"facility_id": str(uuid4())}) == (
        422, "unknown_facility",
    )  # fmt: skip
    assert await refusal(other.complaint_id, {"facility_id": one, "issues": ["hours.no_rest"]}) == (
        409,
        "issues_stand",
    )
    assert await refusal(other.complaint_id, {"facility": one}) == (422, "invalid")
    assert await stage.count("case_complaint") == 1
    assert await stage.count("proposal") == 1


async def test_lists_come_in_pages_that_lead_to_the_next(
    cases: Client, operator: Header, stage: Stage
) -> None:
    await stage.import_suppliers([a_facility(number) for number in range(1, 6)])
    seen: list[str] = []
    path = "/v1/admin/registry/facilities?limit=2"

    while path:
        answer = await cases.http.get(path, headers=operator)
        page = await answer.json()
        seen += [one["facility_id"] for one in page["data"]]
        assert bool(page["next_cursor"]) == ("Link" in answer.headers)
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")

    assert len(seen) == len(set(seen)) == 5
    organisations = await get(cases, "/v1/admin/registry/organisations", operator)
    assert {one["name"] for one in organisations["data"]} == {
        "Silver Heron Electronics", "Nimbus Computers",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/complaints/waiting"),
        ("GET", f"/v1/complaints/{uuid4()}"),
        ("POST", f"/v1/complaints/{uuid4()}/match"),
        ("DELETE", f"/v1/complaints/{uuid4()}/proposals/{uuid4()}"),
        ("GET", "/v1/cases"),
        ("GET", f"/v1/cases/{uuid4()}"),
        ("GET", "/v1/alerts"),
        ("POST", f"/v1/alerts/{uuid4()}/end"),
        ("GET", "/v1/intentions"),
        ("GET", "/v1/facilities?country=VN&name=x"),
        ("POST", "/v1/admin/registry/import"),
        ("GET", "/v1/admin/registry/facilities"),
        ("GET", "/v1/admin/registry/organisations"),
        ("POST", "/v1/admin/officers"),
        ("GET", "/v1/admin/officers"),
        ("DELETE", f"/v1/admin/officers/{uuid4()}"),
        ("GET", "/v1/admin/ledger"),
    ],
)
async def test_nothing_is_answered_without_the_right_key(
    cases: Client, operator: Header, officer: Header, method: str, path: str
) -> None:
    wrong = officer if "/admin/" in path else operator
    for header in ({}, {"Authorization": "Bearer tcs_officer_0"}, wrong):
        status, problem = await send(cases, method, path, header)
        assert (status, problem["code"]) == (401, "not_authenticated")


async def test_an_officer_who_left_is_refused_within_five_seconds(
    cases: Client, operator: Header, officer: Header
) -> None:
    [known] = (await get(cases, "/v1/admin/officers", operator))["data"]
    assert known["disabled"] is False

    status, _ = await send(cases, "DELETE", f"/v1/admin/officers/{known['officer_id']}", operator)

    assert status == 204

    async def refused() -> bool:
        return (await cases.http.get("/v1/cases", headers=officer)).status == 401

    await eventually(refused, within=5)
    [known] = (await get(cases, "/v1/admin/officers", operator))["data"]
    assert known["disabled"] is True


@pytest.mark.parametrize(
    "row",
    [
        a_facility(1, name="***"),
        a_facility(1, name=""),
        a_facility(1, country="Vietnam"),
        a_facility(1, os_id="VN2021113R7R87P"),
        a_facility(1, organisations=[{"name": "Nimbus", "role": "owner"}]),
        a_facility(1, organisations=[{"name": "Nimbus", "role": "brand", "lei": "0" * 20}]),
        a_facility(1, nmae="misspelt"),
        a_facility(1, name="a\x00b"),
    ],
)
async def test_a_row_that_is_wrong_refuses_the_whole_list(
    cases: Client, operator: Header, stage: Stage, row: dict[str, Any]
) -> None:
    status, problem = await send(
        cases,
        "POST",
        "/v1/admin/registry/import",
        operator,
        {"facilities": [a_facility(2), row]},
    )

    assert (status, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["pointer"].startswith("/facilities/1")
    assert await stage.count("facility") == await stage.count("outbox") == 0


async def test_a_dirty_name_is_imported_on_one_line(
    cases: Client, operator: Header, stage: Stage
) -> None:
    await import_one(cases, operator, name=" Silver Heron\nAssembly  1 ")

    assert await stage.rows("select name from facility") == [("Silver Heron Assembly 1",)]
