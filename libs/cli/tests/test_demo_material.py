"""The demo's own data: invented, varied, and in the formats of real systems."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from tocsin_cli.demo import foresight, material
from tocsin_cli.demo import real_data as module_under_test
from tocsin_cli.demo.foresight import plain
from tocsin_cli.demo.material import Material, messages_of
from tocsin_cli.errors import Unusable
from tocsin_contracts import taxonomy
from tocsin_contracts.ids import OsId

LANGUAGES = {"en", "zh", "th", "vi", "es", "id", "bn", "hi"}


@pytest.fixture(scope="module")
def shipped() -> Material:
    return material.load()


def all_complaints(shipped: Material) -> list[dict[str, Any]]:
    return [one for rows in shipped.complaints.values() for one in rows]


def test_there_are_hundreds_of_complaints_in_many_languages(shipped: Material) -> None:
    complaints = all_complaints(shipped)

    assert len(complaints) > 200
    assert len({one["words"] for one in complaints}) == len(complaints)
    assert {one["language"] for one in complaints} == LANGUAGES
    assert {one["consent"]["share"] for one in complaints} == {"given", "not_asked", "refused"}


def test_its_codes_and_ids_are_well_formed(shipped: Material) -> None:
    known = taxonomy.load(None)
    os_id = TypeAdapter[str](OsId)

    for complaint in all_complaints(shipped):
        assert all(known.known(code) for code in complaint.get("issues", ()))
        if claimed := complaint.get("facility", {}).get("os_id"):
            assert os_id.validate_python(claimed) == claimed
    for row in shipped.suppliers:
        assert not row["os_id"] or os_id.validate_python(row["os_id"])


def test_whatsapp_sends_batches_repeats_statuses_forms_and_senders_without_number(
    shipped: Material,
) -> None:
    messages = messages_of(shipped.updates)
    kinds = Counter(one["type"] for one in messages)
    times = Counter(json.dumps(one, sort_keys=True) for one in messages)

    assert max(times.values()) == 2
    assert any(len(messages_of([update])) > 3 for update in shipped.updates)
    assert any(not messages_of([update]) for update in shipped.updates)
    assert any("from" not in one for one in messages)
    assert any("nfm_reply" in one.get("interactive", {}) for one in messages)
    assert kinds["text"] > 20
    assert set(kinds) == {"text", "image", "audio", "location", "interactive"}


def test_what_it_plays_has_every_ending(shipped: Material) -> None:
    complaints = all_complaints(shipped)

    found = foresight.expected(len(complaints), complaints, shipped.suppliers, shipped.buyers)

    groups = {(one.issue_group) for one in foresight.alerts(complaints, shipped.suppliers)}
    told = {what.subject for _, what in found.deliveries}
    visible = {what.subject for _, what in found.visible}
    assert len(groups) > 6
    assert told < visible < {what.subject for what in found.alerts}


def test_no_invented_complaint_is_about_a_real_company(shipped: Material, real_data: Path) -> None:
    listed = (real_data / "suppliers/apple-supplier-list-2012-2022.csv").read_text("utf-8-sig")
    ours = {row["name"] for row in shipped.suppliers}
    ours |= {one["name"] for row in shipped.suppliers for one in row["organisations"]}
    ours |= {one.get("facility", {}).get("name") or "-" for one in all_complaints(shipped)}

    lines = {f" {plain(line)} " for line in listed.splitlines()}
    assert not [name for name in ours if any(f" {plain(name)} " in line for line in lines)]


def test_the_real_supplier_list_is_read_row_by_row(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_REAL_DATA", str(real_data))

    found = module_under_test.load()

    assert found
    assert len(found.suppliers) == 7558
    assert len(found.updates) == 30
    assert {len(row["country"]) for row in found.suppliers} == {2}


def test_without_a_folder_there_is_no_real_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_REAL_DATA", raising=False)

    assert module_under_test.load() is None


def test_a_folder_with_something_else_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_REAL_DATA", str(tmp_path))

    with pytest.raises(Unusable, match="does not hold what it should"):
        module_under_test.load()
