"""Tables become complaints: every row once, every refusal told without its value."""

import csv
import io
import json
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from workbooks import MAIN, a_workbook, packed

from tocsin_common.database import Database
from tocsin_common.problems import Invalid, Problem
from tocsin_common.testing.http import Answer, Client
from tocsin_intake.imports import rows, tables
from tocsin_intake.imports.reader import Reader
from tocsin_intake.imports.reading import heard, told
from tocsin_intake.imports.rows import Refusal
from tocsin_intake.schemas import ComplaintSubmission

Header = dict[str, str]
PATH = "/v1/complaints/import"
A_CELL = (
    f'<worksheet xmlns="{MAIN}"><sheetData><row r="1">'
    '<c r="{}"><v>1</v></c></row></sheetData></worksheet>'
)


def read(content: bytes) -> list[ComplaintSubmission | list[Refusal]]:
    header, *others = tables.rows_of(content) or [()]
    return [one.said for one in rows.read(rows.columns_of(header), others)]


def as_csv(*table: tuple[str, ...], separator: str = ",") -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=separator).writerows(table)
    return file.getvalue().encode()


async def send(intake: Client, hotline: Header, content: bytes, **params: str) -> Answer:
    return await intake.post(PATH, data=io.BytesIO(content), params=params, headers=hotline)


def steps(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer
    return [json.loads(line) for line in answer.text.splitlines()]


async def scalar(database: Database, query: str) -> Any:
    async with database.begin() as tx:
        return (await tx.execute(text(query))).scalar()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators_are_found_out(encoding: str, separator: str) -> None:
    table = as_csv(("Words", "Country"), ("No pay – señor, “never”", "MX"), separator=separator)

    [complaint] = read(table.decode().encode(encoding))

    assert isinstance(complaint, ComplaintSubmission)
    assert complaint.words == "No pay – señor, “never”"
    assert complaint.facility.country == "MX"


@pytest.mark.parametrize(
    "content",
    [
        "words\nไม่ได้ค่าจ้าง\n".encode("tis-620"),
        "words\nabc\n".encode("utf-16-le"),
        b"words\n\x81\x8d\x8f\n",
    ],
)
def test_an_encoding_that_is_not_known_is_said_to_be_so(content: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read(content)
    assert caught.value.code == "encoding_unknown"


def test_columns_are_known_by_what_people_call_them() -> None:
    [complaint] = read(
        as_csv(
            ("Case ID", "What happened?", "Factory name", "COUNTRY", "Issue codes",
             "Date of incident", "Number of workers", "Consent to share", "Phone number", "Urgent"),
            ("C-1", "Locked exits.", "Heron", "vn", "safety.fire_exits; wages.unpaid",
             "2031-02-03", "40", "yes", "+84 000 000 006", "no"),
        )
    )  # fmt: skip

    assert isinstance(complaint, ComplaintSubmission)
    assert complaint.external_ref == "C-1"
    assert complaint.issues == ("safety.fire_exits", "wages.unpaid")
    assert str(complaint.happened_on) == "2031-02-03"
    assert complaint.workers_affected == "10-99"
    assert complaint.consent.share == "given"
    assert complaint.immediate_danger is False
    assert complaint.source


def test_what_is_wrong_is_told_by_row_field_and_rule_and_never_by_value() -> None:
    found = read(
        as_csv(
            ("words", "country", "happened_on", "consent"),
            ("CANARY fine", "VN", "", ""),
            ("", "VN", "", ""),
            ("CANARY", "CANARY-land", "03/02/2031", "CANARY"),
            ("", "", "", ""),
            ("CANARY also fine", "", "", ""),
        )
    )

    assert [isinstance(one, ComplaintSubmission) for one in found] == [True, False, False, True]
    refused = [why for one in found if isinstance(one, list) for why in one]
    assert [(one.row, one.field) for one in refused] == [
        (3, "words"), (4, "facility_country"), (4, "happened_on"), (4, "share"),
    ]  # fmt: skip
    assert "CANARY" not in "".join(one.model_dump_json() for one in refused)


def test_the_same_row_twice_in_a_file_is_two_and_in_two_files_one() -> None:
    table = as_csv(("words",), ("No pay.",), ("No pay.",), ("Heat.",))

    first = [one.external_ref for one in read(table) if isinstance(one, ComplaintSubmission)]
    again = [one.external_ref for one in read(table) if isinstance(one, ComplaintSubmission)]

    assert len(set(first)) == 3
    assert again == first


def test_formulas_are_text_or_what_they_last_gave() -> None:
    formula = '=HYPERLINK("http://evil.example","x")'

    [from_csv] = read(as_csv(("words",), (formula,)))
    [from_xlsx] = read(a_workbook([["words"], [formula]]))

    assert isinstance(from_csv, ComplaintSubmission)
    assert from_csv.words == formula
    assert isinstance(from_xlsx, ComplaintSubmission)
    assert from_xlsx.words == "7"


def test_a_workbooks_first_sheet_is_read_like_a_file() -> None:
    table = [["Text", "Factory", "Affected", "Reference"], ["ไม่ได้ค่าจ้าง", "Heron", 250, 17]]

    [complaint] = read(a_workbook(table))

    assert isinstance(complaint, ComplaintSubmission)
    assert complaint.words == "ไม่ได้ค่าจ้าง"
    assert complaint.workers_affected == "100-999"
    assert complaint.external_ref == "17"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_words_column"),
        (b"name,age\nx,1\n", "no_words_column"),
        (b"words,text\nx,y\n", "column_twice"),
        (b"PK\x03\x04 and no more", "not_a_table"),
        (b"words\n" + b"x\n" * 50_002, "table_too_large"),
        (b"words," + b"x," * 250 + b"\n", "table_too_large"),
        (packed(A_CELL.format("XFD1")), "table_too_large"),
        (packed(A_CELL.format("A1048576")), "table_too_large"),
        (packed("<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet/>"), "not_a_table"),
        (packed("not xml"), "not_a_table"),
    ],
)  # fmt: skip
def test_what_is_no_table_or_a_boundless_one_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Problem) as caught:
        read(content)
    assert caught.value.code == code


A_ROW = "<row>" + "<c><v>1</v></c>" * 200 + "</row>"
A_WORD = '<row><c t="inlineStr"><is><t>words</t></is></c></row>'


@pytest.mark.parametrize(
    "sheet",
    [
        A_CELL.format("GR50001"),
        f'<worksheet xmlns="{MAIN}"><sheetData>{A_WORD}{A_ROW * 50_000}</sheetData></worksheet>',
        f'<worksheet xmlns="{MAIN}"><!--{"x" * 150_000_000}--></worksheet>',
    ],
    ids=["a table without end", "ten million cells", "one long word"],
)
async def test_a_small_file_that_holds_much_ends_its_reading_and_nothing_else(sheet: str) -> None:
    content, reader = packed(sheet), Reader()
    assert len(content) < 1_000_000

    with pytest.raises(Invalid):
        await reader.read(content)

    assert len((await reader.read(a_workbook([["words"], ["Locked fire exits."]]))).rows) == 1


async def test_what_cells_hold_comes_through_as_it_is() -> None:
    content = as_csv(
        ("words", "date", "id"), ("Nine\nnights, “no” pay", "2031-02-03", "7"), ("", "")
    )

    table = await Reader().read(content)

    assert [one.said for one in table.rows] == read(content)
    cells = ["x", 1.5, True, None, date(2031, 2, 3), datetime(2031, 2, 3, 4, 5), ""]  # noqa: DTZ001
    assert list(heard(told([cells, cells]).splitlines())) == [cells, cells[:-1]]


def test_a_file_that_unpacks_into_too_much_is_not_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"xl/media/{number}.bin", bytes(80_000_000))

    assert len(file.getvalue()) < tables.MOST_BYTES
    with pytest.raises(tables.TableTooLarge):
        tables.rows_of(file.getvalue())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_clear_refusal(content: bytes) -> None:
    for one in (content, b"words,country\n" + content, b"PK\x03\x04" + content):
        try:
            read(one)
        except Problem as problem:
            assert problem.code in {  # noqa: PT017 - which refusal does not matter
                "not_a_table", "encoding_unknown", "no_words_column", "column_twice",
                "table_too_large",
            }  # fmt: skip


WORKBOOK = a_workbook([["words", "country"], ["No pay.", "VN"]])


@given(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255))
def test_a_damaged_workbook_is_read_or_refused(at: int, value: int) -> None:
    damaged = WORKBOOK[:at] + bytes([value]) + WORKBOOK[at + 1 :]

    try:
        read(damaged)
    except Problem:
        return


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50),
            st.sampled_from(["VN", "vn", "", "Viet Nam", "=1+1"]),
        ),
        max_size=20,
    )
)
def test_every_row_is_a_complaint_or_told_and_none_is_lost(table: list[tuple[str, str]]) -> None:
    found = read(as_csv(("words", "country"), *table))

    whole = [(words, country) for words, country in table if words.strip() or country]
    assert len(found) == len(whole)
    for one, (words, _) in zip(found, whole, strict=True):
        if isinstance(one, ComplaintSubmission):
            assert one.words.split() == words.split()


async def test_an_import_takes_what_is_good_tells_the_rest_and_can_be_sent_again(
    intake: Client, hotline: Header, database: Database
) -> None:
    table = as_csv(
        ("words", "country", "notes"),
        *((f"Complaint {number}", "VN", "x") for number in range(250)),
        ("CANARY", "nowhere", "x"),
    )

    first = steps(await send(intake, hotline, table))
    again = steps(await send(intake, hotline, table))

    assert [one["done"] for one in first] == [100, 200, 251, 251]
    last = first[-1]
    assert (last["rows"], last["accepted"], last["repeated"], last["finished"]) == (
        251,
        250,
        0,
        True,
    )
    assert last["ignored_columns"] == [3]
    assert [one["refused"] for one in first if one["refused"]] == [
        [{"row": 252, "field": "facility_country", "reason": "string_pattern_mismatch"}]
    ]
    assert (again[-1]["accepted"], again[-1]["repeated"]) == (0, 250)
    assert await scalar(database, "select count(*) from complaint") == 250


async def test_receipts_are_told_only_when_asked_for_and_open_little(
    intake: Client, hotline: Header
) -> None:
    table = as_csv(("words", "country"), ("No pay.", "VN"), ("Heat.", "nowhere"), ("Nights.", "VN"))

    silent = await send(intake, hotline, table)
    asked = await send(intake, hotline, table, receipts="true")
    dry = steps(await send(intake, hotline, table, dry_run="true", receipts="true"))

    assert "Content-Disposition" not in silent.headers
    assert all(one["receipts"] == [] for one in [*steps(silent), *dry])
    assert asked.headers["Content-Disposition"].startswith("attachment")
    [told, last] = steps(asked)
    assert last["receipts"] == []
    assert [one["row"] for one in told["receipts"]] == [2, 4]
    one, other = (row["receipt"] for row in told["receipts"])
    assert one != other
    answer = await intake.post("/v1/receipts/messages", json={"receipt": one, "words": "More."})
    assert answer.json()["done"] is False, answer
    used = steps(await send(intake, hotline, table, receipts="true"))
    assert [row["row"] for row in used[0]["receipts"]] == [4], "a used one is told to nobody"


async def test_a_dry_run_stores_nothing(
    intake: Client, hotline: Header, database: Database
) -> None:
    table = a_workbook([["words", "country"], ["No pay.", "VN"], ["No pay.", "nowhere"]])

    told = steps(await send(intake, hotline, table, dry_run="true"))

    assert (told[-1]["accepted"], told[-1]["finished"]) == (1, True)
    assert len(told[0]["refused"]) == 1
    for table_name in ("complaint", "acceptance", "outbox"):
        assert await scalar(database, f"select count(*) from {table_name}") == 0  # noqa: S608


async def test_one_reference_for_two_rows_that_differ_is_told(
    intake: Client, hotline: Header, database: Database
) -> None:
    table = as_csv(("words", "id"), ("No pay.", "7"), ("Heat.", "7"))

    told = steps(await send(intake, hotline, table))

    assert told[-1]["accepted"] == 1
    [refusal] = told[0]["refused"]
    assert (refusal["field"], refusal["reason"]) == ("external_ref", "reference_reused")


async def test_a_file_that_is_too_large_or_by_nobody_is_refused(
    intake: Client, hotline: Header, database: Database
) -> None:
    large = b"words\n" + b"x" * 20_000_001

    assert (await send(intake, hotline, large)).status == 413
    assert (await send(intake, {}, b"words\nx\n")).status == 401
    assert (await send(intake, hotline, b"CANARY\nx\n")).status == 422
    assert "CANARY" not in (await send(intake, hotline, b"CANARY\nCANARY\n")).text
